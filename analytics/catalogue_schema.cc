#include "analytics/catalogue_schema.h"

namespace weir {
namespace {

// What each table is for stands above it. Times are microseconds since the epoch, UTC.
constexpr SqliteMigration kMigrations[] = {
    {"catalogue", R"sql(
-- one row: the stream that this volume holds
CREATE TABLE deployment (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  incarnation INTEGER NOT NULL,
  partitions INTEGER NOT NULL,
  grace_us INTEGER NOT NULL
) STRICT;

-- how far each partition was applied; moved only by compare-and-set, with the data
CREATE TABLE progress (
  incarnation INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  next INTEGER NOT NULL,
  anchor_offset INTEGER, anchor_digest TEXT, anchor_append_us INTEGER,
  caught_up_us INTEGER,
  newest_append_us INTEGER,
  horizon_from_us INTEGER,
  applied_at_us INTEGER,
  received INTEGER NOT NULL DEFAULT 0,
  applied INTEGER NOT NULL DEFAULT 0,
  duplicate INTEGER NOT NULL DEFAULT 0,
  quarantined INTEGER NOT NULL DEFAULT 0,
  unprovable INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (incarnation, partition)
) STRICT, WITHOUT ROWID;

-- data files; `live` ones are what a query reads
CREATE TABLE file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  name TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('live', 'replaced', 'expired')),
  rows INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL,
  event_min_us INTEGER NOT NULL, event_max_us INTEGER NOT NULL,
  append_min_us INTEGER NOT NULL, append_max_us INTEGER NOT NULL,
  overflow_events INTEGER NOT NULL,
  level INTEGER NOT NULL,
  created_at_us INTEGER NOT NULL,
  remove_after_us INTEGER
) STRICT;
CREATE INDEX file_live ON file (kind, event_min_us) WHERE state = 'live';
CREATE INDEX file_gone ON file (remove_after_us) WHERE state <> 'live';

-- the offsets whose rows a segment holds; rows 0 for ranges without any
CREATE TABLE offset_range (
  incarnation INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  from_offset INTEGER NOT NULL,
  to_offset INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  PRIMARY KEY (incarnation, partition, from_offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX offset_range_file ON offset_range (file_id);

-- generations of the identity index that count
CREATE TABLE generation (
  incarnation INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  from_offset INTEGER NOT NULL,
  to_offset INTEGER NOT NULL,
  append_min_us INTEGER NOT NULL,
  append_max_us INTEGER NOT NULL,
  identities INTEGER NOT NULL,
  digest TEXT NOT NULL,
  volume_id TEXT NOT NULL,
  PRIMARY KEY (incarnation, partition, from_offset, to_offset, digest)
) STRICT, WITHOUT ROWID;

-- what could not become a row, kept whole
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  stream_offset INTEGER NOT NULL,
  record_row INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  append_us INTEGER NOT NULL,
  reason TEXT NOT NULL, field TEXT NOT NULL, detail TEXT NOT NULL,
  content_type TEXT NOT NULL,
  raw BLOB NOT NULL,
  at_us INTEGER NOT NULL,
  UNIQUE (incarnation, partition, stream_offset, record_row, whole)
) STRICT;

-- offsets that the stream no longer had when we came to read them
CREATE TABLE gap (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incarnation INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  from_offset INTEGER NOT NULL,
  to_offset INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at_us INTEGER NOT NULL
) STRICT;

-- anchors that did not hold
CREATE TABLE lineage_break (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  partition INTEGER NOT NULL,
  what TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  UNIQUE (partition, what)
) STRICT;

-- what retention or the disk budget took: queries say so instead of answering too little
CREATE TABLE expiry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  files INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL,
  event_min_us INTEGER NOT NULL, event_max_us INTEGER NOT NULL,
  append_max_us INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at_us INTEGER NOT NULL
) STRICT;
)sql"},
};

}  // namespace

std::span<const SqliteMigration> catalogue_migrations() { return kMigrations; }

}  // namespace weir
