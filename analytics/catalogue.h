// The catalogue of the analytics volume: which files count, and how far the stream was applied.
//
// One SQLite file in WAL mode. What a commit does to it is one transaction: progress moves by
// compare-and-set, and only with it do the commit's files, quarantine rows, gaps and generations
// appear. Writers of one host take turns (begin() takes the write lock at once); readers in other
// processes open read_only and see whole commits.
//
//   Result<SqliteTransaction> transaction = catalogue.begin();
//   Result<bool> ours = catalogue.advance(batch.incarnation, range, now);   // false: conflict
//   Result<std::int64_t> id = catalogue.add_file(file, now);
//   transaction->commit();
//
// Errors as storage/sqlite. Threads: one at a time.
#pragma once

#include "analytics/data_file.h"
#include "ingest/stream/handler.h"
#include "storage/sqlite/sqlite.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

/// A part of the stream whose rows are in one segment.
struct OffsetRange {
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;
  std::int64_t from = 0, to = 0;  // half-open
  std::int64_t rows = 0;
};

struct StreamIdentity {
  Incarnation incarnation;
  std::int32_t partitions = 0;
  Micros grace{0};
};

/// Files that retention took.
struct Expiry {
  FileKind kind;
  std::int64_t files = 0, events = 0, bytes = 0;
  std::int64_t event_min_us = 0, event_max_us = 0, append_max_us = 0;
  std::string reason;
};

/// Files that count no more and wait on the disk for their removal.
struct Retired {
  std::int64_t files = 0, bytes = 0;
};

/// How far and how fresh the catalogue is, over all partitions.
struct Freshness {
  bool known = false;             // false until every partition has been seen to its end once
  std::int64_t caught_up_us = 0;  // everything that was in the log then is applied
  std::int64_t complete_through_us = 0;
};

class Catalogue {
 public:
  /// read_write creates it or brings its schema up to date; read_only needs it there: `not_found`
  /// or `conflict` mean that no consumer has made it yet.
  static Result<Catalogue> open(const std::string& path, SqliteMode mode);

  Result<SqliteTransaction> begin(Deadline deadline);
  Result<SqliteTransaction> begin_read() { return SqliteTransaction::begin_read(database_); }

  // The stream (catalogue_progress.cc).
  Result<std::optional<StreamIdentity>> stream();
  Status set_stream(const StreamIdentity& stream);
  Result<std::optional<PartitionState>> partition(Incarnation incarnation, PartitionId partition);
  Status insert_partition(Incarnation incarnation, PartitionId partition);
  /// R3 step 1: false when `next` is not range.from any more.
  Result<bool> advance(Incarnation incarnation, const Range& range, WallTime now);
  Result<std::optional<Offset>> next(Incarnation incarnation, PartitionId partition);
  Status add_generation(const Generation& generation);
  Status drop_generation(const Generation& generation);
  Status add_quarantined(const std::string& topic, Incarnation incarnation, const Quarantined& one,
                         WallTime now);
  Status add_gap(Incarnation incarnation, const Gap& gap, WallTime now);
  Status add_break(PartitionId partition, const std::string& what, WallTime now);
  Result<Freshness> freshness();
  /// Sums over all partitions.
  Result<RangeCounts> counts();

  // Files (catalogue_files.cc).
  Result<std::int64_t> add_file(const DataFile& file, WallTime now);
  Status add_range(std::int64_t file_id, const OffsetRange& range);
  Result<std::vector<OffsetRange>> ranges_of(std::int64_t file_id);
  Status drop_ranges_of(std::int64_t file_id);
  Result<bool> names(const std::string& file_name);
  /// Live files with events in [from_us, to_us), by event time.
  Result<std::vector<DataFile>> live_files(FileKind kind, std::int64_t from_us, std::int64_t to_us);
  Result<std::vector<DataFile>> live_files(FileKind kind);
  /// live → `state` ("replaced", "expired"); false when it was not live any more.
  Result<bool> retire_file(std::int64_t id, const std::string& state, WallTime remove_after);
  /// Retired files whose time has come.
  Result<std::vector<DataFile>> removable_files(WallTime now);
  Result<Retired> retired();
  Status forget_file(std::int64_t id);
  Status add_expiry(const Expiry& expiry, WallTime now);
  /// Events that were taken from [from_us, to_us), at most: whole files are counted.
  Result<std::int64_t> expired_events(FileKind kind, std::int64_t from_us, std::int64_t to_us);

 private:
  explicit Catalogue(SqliteDatabase database) : database_(std::move(database)) {}
  SqliteDatabase database_;
};

}  // namespace weir
