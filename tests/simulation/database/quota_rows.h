// The tables of the schema quota (quota/migrations), as plain rows. A table's key is the key by which
// PostgreSQL keeps it unique; `id` is the identity column where the key is another.
#pragma once

#include "ingest/event/identity.h"
#include "ingest/identity/generation.h"
#include "ingest/stream/record.h"
#include "quota/inheritance.h"
#include "quota/store.h"
#include "tests/simulation/database/table.h"

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace weir::simulation {

struct ProgressRow {
  std::int64_t next = 0;
  std::optional<Anchor> anchor;
  std::optional<std::int64_t> newest_append_us, caught_up_at_us, complete_through_us;
  std::int64_t applied_at_us = 0;
  RangeCounts counts;
  std::int64_t adjusted = 0, unsubscribed = 0;
  std::int64_t horizon_from_us = 0, horizon_us = 0, restamp_window_us = 0;
  std::int64_t fence = 0;
  std::optional<std::int64_t> ended_at_us;      // its incarnation was adopted away
  std::optional<std::int64_t> unheld_until_us;  // C of R6 is no less
  std::optional<std::int64_t> restamp_short_until_us;
};

struct AdjustmentEntry {
  std::string tenant, subscription, meter;
  std::int64_t bucket_us = 0, units = 0;
  std::int32_t incarnation = 1;
  std::int64_t applied_at_us = 0;
  std::optional<std::int64_t> close_id;
};

struct QuarantineRecordRow {
  std::string topic;
  std::int64_t append_time_us = 0;
  std::string content_type, raw;
};
struct QuarantineRow {
  std::int64_t id = 0;
  std::string reason, field, detail;
  std::int64_t opened_at_us = 0;
  std::optional<std::int64_t> resolved_at_us;
  std::string resolution, resolved_by, resolved_reason;
};
struct GapRow {
  std::int64_t id = 0;
  std::string reason;
  std::int64_t opened_at_us = 0;
  std::optional<std::int64_t> accepted_at_us;
  std::string accepted_by, accepted_reason;
};
struct HoleRow {
  std::string producer;
  std::int64_t epoch = 0;
  std::int32_t incarnation = 1, partition = 0;
  std::int64_t from_number = 0, to_number = 0;
  std::int64_t opened_at_us = 0;
  Offset found_offset;
  std::optional<RecordPlace> behind;
  std::optional<std::int64_t> closed_at_us, accepted_at_us;
  std::string accepted_by, accepted_reason;
  bool open() const { return !closed_at_us && !accepted_at_us; }
};
struct NumberRow {
  std::int64_t highest = 0;
  std::optional<RecordPlace> newest;
};
struct FlagRow {
  std::string kind;
  std::int32_t incarnation = 1;
  std::optional<std::int32_t> partition;
  std::string what;
  std::int64_t opened_at_us = 0;
  std::optional<std::int64_t> cleared_at_us;
  std::string cleared_by, cleared_reason;
  bool open() const { return !cleared_at_us; }
  /// The unique index over open flags.
  bool same_as(const FlagRow& other) const {
    return open() && kind == other.kind && incarnation == other.incarnation &&
           partition == other.partition && what == other.what;
  }
};
struct UnprovableRow {
  std::int64_t id = 0;
  std::int32_t incarnation = 1, partition = 0;
  std::int64_t record_offset = 0, row = 0;
  std::int64_t event_time_us = 0, append_time_us = 0;
  std::string tenant, subscription, source;
  std::int64_t bucket_us = 0;
  std::vector<std::string> meters;
  std::vector<std::int64_t> units;
  std::int64_t opened_at_us = 0;
  std::optional<std::int64_t> accepted_at_us;
  std::string accepted_by, accepted_reason, resolution;
};
struct ProducerRow {
  std::string accepted_when;
  std::int64_t registered_at_us = 0, epoch = 0;
  std::optional<std::int64_t> sealed_until_us, sealed_append_us;
  std::optional<std::string> ended_by, ended_reason;
  std::optional<std::int64_t> ended_at_us;
  std::vector<EpochNumbers> end_numbers;    // when ended_by is set
  std::vector<EpochNumbers> final_numbers;  // of epochs that are over
};
struct SealRow {
  std::int64_t until_us = 0, append_us = 0;
  std::vector<EpochNumbers> numbers;
};
struct RedriveRow {
  std::int64_t quarantine_id = 0;
  std::int32_t partition = 0;
  std::string event;
  std::string state = "open";
  std::int64_t made_at_us = 0;
  std::optional<std::int64_t> decided_at_us;
  std::int32_t at_incarnation = 0, at_partition = 0;
  std::int64_t at_offset = 0;
};
struct IncarnationRow {
  std::string topic;
  std::int32_t partitions = 0;
  std::int64_t began_at_us = 0;
  std::string why, decided_by, reason;
  std::vector<Offset> starts;
  std::optional<Inherited> inherits;
};
struct MoveRow {
  std::int32_t incarnation = 1;
  std::string former_topic, topic;
  std::vector<Offset> starts;
  std::int64_t declared_at_us = 0;
  std::string declared_by, reason;
  std::string settled, settled_by, settled_reason;
  std::optional<std::int64_t> settled_at_us;
  bool open() const { return settled.empty(); }
};
struct AuditRow {
  std::int64_t at_us = 0;
  std::string actor, action, detail, reason, worth;
};
struct CatalogRow {
  std::string digest, canonical;
  std::int64_t applied_at_us = 0;
  std::string applied_by;
};

/// (tenant, subscription, meter, bucket_us, incarnation)
using UsageKey = std::tuple<std::string, std::string, std::string, std::int64_t, std::int32_t>;
using ProgressKey = std::pair<std::int32_t, std::int32_t>;  // (incarnation, partition)
/// (incarnation, partition, record_offset)
using RecordKey = std::tuple<std::int32_t, std::int32_t, std::int64_t>;
/// (incarnation, partition, record_offset, row), and (incarnation, partition, from, to)
using SpanKey = std::tuple<std::int32_t, std::int32_t, std::int64_t, std::int64_t>;
/// (producer, epoch, partition)
using NumberKey = std::tuple<std::string, std::int64_t, std::int32_t>;

/// The one row of a table that has one.
constexpr int kOne = 1;

struct Quota {
  Table<int, Deployment> deployment;  // closed_until_us stands in `frozen`
  Table<int, std::int64_t> frozen;    // closed_until_us
  Table<ProgressKey, ProgressRow> progress;
  Table<UsageKey, std::int64_t> usage;
  Table<std::int64_t, AdjustmentEntry> adjustment;
  Table<RecordKey, QuarantineRecordRow> quarantine_record;
  Table<SpanKey, QuarantineRow> quarantine;
  Table<SpanKey, GapRow> gap;
  Table<std::int64_t, HoleRow> hole;
  Table<std::int64_t, FlagRow> flag;
  Table<std::array<std::uint64_t, 2>, UnprovableRow> unprovable;
  Table<std::tuple<std::string, SpanKey, std::string>, Generation> generation;
  Table<std::int64_t, CatalogRow> catalog;
  Table<int, char> catalog_lock;  // LOCK TABLE quota.catalog
  Table<std::string, ProducerRow> producer;
  Table<std::pair<std::string, std::int64_t>, SealRow> seal;  // by producer and edge
  Table<NumberKey, NumberRow> producer_number;
  Table<RecordKey, Anchor> anchor;
  Table<std::int64_t, RedriveRow> redrive;
  Table<std::int32_t, IncarnationRow> incarnation;
  Table<std::int64_t, MoveRow> move;
  Table<std::int64_t, AuditRow> audit;
  // Identity columns: never go back, whatever is rolled back.
  std::int64_t adjustment_ids = 0, quarantine_ids = 0, gap_ids = 0, hole_ids = 0, flag_ids = 0;
  std::int64_t unprovable_ids = 0, redrive_ids = 0, audit_ids = 0, move_ids = 0;
};

}  // namespace weir::simulation
