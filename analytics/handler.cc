#include "analytics/handler.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/volume/durable_file.h"

namespace weir {
namespace {

Error cannot_tell(const Error& error) {
  return Error{ErrorCode::integrity, "it is not known whether a commit is in: " + error.what,
               "start the process again: it reads what became of it"};
}

}  // namespace

AnalyticsHandler::AnalyticsHandler(const AnalyticsVolume& volume, Catalogue& catalogue,
                                   SegmentWriter& writer, AnalyticsHandlerOptions options,
                                   Clock& clock, Metrics& metrics)
    : volume_(volume),
      catalogue_(catalogue),
      writer_(writer),
      options_(std::move(options)),
      clock_(clock),
      trend_({{static_cast<int>(options_.pause_percent), ""}}),
      paused_(metrics.gauge("weir_analytics_paused",
                            "1 while the volume is too full to go on consuming")),
      rows_(metrics.counter("weir_analytics_rows_total", "segment rows committed")),
      bytes_(metrics.counter("weir_analytics_file_bytes_total", "bytes of files committed")),
      quarantined_(
          metrics.counter("weir_analytics_quarantined_total", "quarantine rows committed")),
      unprovable_(metrics.counter("weir_analytics_unprovable_total",
                                  "events too late for the identity index, kept with a mark")),
      overflow_(metrics.counter("weir_analytics_rollup_overflow_total",
                                "events that the cardinality cap sent to __other__")),
      conflicts_(metrics.counter("weir_analytics_commit_conflicts_total",
                                 "commits lost to another consumer")) {}

Result<Incarnation> AnalyticsHandler::check_stream(std::int32_t partition_count,
                                                   Deadline deadline) {
  Result<SqliteTransaction> transaction = catalogue_.begin(deadline);
  if (!transaction) return transaction.error();
  Result<std::optional<StreamIdentity>> known = catalogue_.stream();
  if (!known) return known.error();
  StreamIdentity stream = known->value_or(StreamIdentity{Incarnation(1), partition_count, {}});
  if (stream.partitions != partition_count) {
    return Error{ErrorCode::integrity,
                 "topic " + options_.topic + " has " + std::to_string(partition_count) +
                     " partitions; the catalogue was made for " + std::to_string(stream.partitions),
                 "the partition count never changes within an incarnation; use a new volume"};
  }
  stream.grace = options_.grace;
  WEIR_TRY(catalogue_.set_stream(stream));
  WEIR_TRY(transaction->commit());
  return stream.incarnation;
}

Result<std::vector<PartitionState>> AnalyticsHandler::load(std::span<const PartitionId> partitions,
                                                           std::int32_t partition_count,
                                                           Deadline deadline) {
  Result<Incarnation> incarnation = check_stream(partition_count, deadline);
  if (!incarnation) return incarnation.error();
  std::vector<PartitionState> states;
  for (PartitionId partition : partitions) {
    Result<std::optional<PartitionState>> state = catalogue_.partition(*incarnation, partition);
    if (!state) return state.error();
    if (!*state) {
      // Alone in its transaction: nothing is applied with it.
      Result<SqliteTransaction> transaction = catalogue_.begin(deadline);
      if (!transaction) return transaction.error();
      WEIR_TRY(catalogue_.insert_partition(*incarnation, partition));
      WEIR_TRY(transaction->commit());
      state = catalogue_.partition(*incarnation, partition);
      if (!state) return state.error();
      WEIR_CHECK(state->has_value());
    }
    states.push_back(std::move(**state));
  }
  return states;
}

Status AnalyticsHandler::check_space() {
  if (options_.pause_percent >= 100) return {};
  Result<VolumeSpace> space = volume_space(volume_.root());
  if (!space) return space.error();
  const auto steady = clock_.steady_now().time_since_epoch();
  trend_.take(std::chrono::duration_cast<Micros>(steady).count(), *space);
  const bool full = trend_.mark() != nullptr;
  paused_.set(full ? 1 : 0);
  if (!full) return {};
  return Error{ErrorCode::unavailable,
               "analytics volume " + volume_.root() + " is " +
                   std::to_string(trend_.used_percent()) + " % full: consumption pauses at " +
                   std::to_string(options_.pause_percent) + " %",
               "is weir-analytics compact running? It expires the oldest segments from " +
                   std::to_string(options_.expire_percent) +
                   " % on; or make room, or lower analytics.retention"};
}

Result<Committed> AnalyticsHandler::commit(const CommitBatch& batch, Deadline deadline) {
  if (batch.rows.rows() > 0) WEIR_TRY(check_space());
  Result<std::vector<DataFile>> files = writer_.write(batch, deadline);
  if (!files) return files.error();
  Result<Committed> outcome = record(batch, *files, deadline);
  if (outcome && *outcome == Committed::done) {
    count(batch, *files);
    return outcome;
  }
  discard_unnamed(*files);
  if (outcome) conflicts_.add();
  return outcome;
}

// Only what is known not to count: when the catalogue cannot be asked, the files stay, and the next
// start finds out.
void AnalyticsHandler::discard_unnamed(const std::vector<DataFile>& files) {
  if (files.empty()) return;
  Result<bool> named = catalogue_.names(files.front().name);
  if (named && !*named) writer_.discard(files);
}

Result<Committed> AnalyticsHandler::record(const CommitBatch& batch,
                                           const std::vector<DataFile>& files, Deadline deadline) {
  Result<SqliteTransaction> transaction = catalogue_.begin(deadline);
  if (!transaction) return transaction.error();
  for (const Range& range : batch.ranges) {
    Result<bool> ours = catalogue_.advance(batch.incarnation, range, clock_.now());
    if (!ours) return ours.error();
    if (!*ours) return Committed::conflict;
  }
  WEIR_TRY(record_files(batch, files));
  WEIR_TRY(record_rest(batch));
  WEIR_CRASH_POINT("catalogue.before_commit");
  Status committed = transaction->commit();
  WEIR_CRASH_POINT("catalogue.after_commit");
  if (committed) return Committed::done;
  return what_became(batch, files, committed.error());
}

Status AnalyticsHandler::record_files(const CommitBatch& batch,
                                      const std::vector<DataFile>& files) {
  for (const DataFile& file : files) {
    Result<std::int64_t> id = catalogue_.add_file(file, clock_.now());
    if (!id) return id.error();
    if (file.kind != FileKind::segment) continue;
    for (std::size_t i = 0; i < batch.ranges.size(); ++i) {
      const Range& range = batch.ranges[i];
      if (range.from == range.to) continue;
      WEIR_TRY(catalogue_.add_range(
          *id, {batch.incarnation.value, range.partition.value, range.from.value, range.to.value,
                writer_.rows_by_range()[i]}));
    }
  }
  return {};
}

Status AnalyticsHandler::record_rest(const CommitBatch& batch) {
  for (const Quarantined& one : batch.quarantined) {
    WEIR_TRY(catalogue_.add_quarantined(options_.topic, batch.incarnation, one, clock_.now()));
  }
  for (const Gap& gap : batch.gaps) {
    WEIR_TRY(catalogue_.add_gap(batch.incarnation, gap, clock_.now()));
  }
  for (const Range& range : batch.ranges) {
    for (const Generation& sealed : range.sealed) WEIR_TRY(catalogue_.add_generation(sealed));
    for (const Generation& expired : range.expired) WEIR_TRY(catalogue_.drop_generation(expired));
  }
  return {};
}

// A COMMIT that failed half-way through the disk may be in or not. Its files' names are its own, so
// they tell; without files, `next` does.
Result<Committed> AnalyticsHandler::what_became(const CommitBatch& batch,
                                                const std::vector<DataFile>& files,
                                                const Error& error) {
  if (!files.empty()) {
    Result<bool> named = catalogue_.names(files.front().name);
    if (!named) return cannot_tell(named.error());
    if (*named) return Committed::done;
    return Error{ErrorCode::unavailable, error.what, error.remedy};
  }
  for (const Range& range : batch.ranges) {
    Result<std::optional<Offset>> next = catalogue_.next(batch.incarnation, range.partition);
    if (!next) return cannot_tell(next.error());
    if (*next != range.to) return Error{ErrorCode::unavailable, error.what, error.remedy};
  }
  return Committed::done;
}

void AnalyticsHandler::count(const CommitBatch& batch, const std::vector<DataFile>& files) {
  for (const DataFile& file : files) {
    bytes_.add(file.bytes);
    if (file.kind == FileKind::segment) rows_.add(file.rows);
    if (file.kind == FileKind::rollup) overflow_.add(file.overflow_events);
  }
  quarantined_.add(static_cast<std::int64_t>(batch.quarantined.size()));
  for (const Range& range : batch.ranges) unprovable_.add(range.counts.unprovable);
}

Status AnalyticsHandler::report_break(PartitionId partition, const std::string& what,
                                      Deadline deadline) {
  log_error("the stream is not the one that was read",
            {{"partition", partition.value}, {"what", what}});
  Result<SqliteTransaction> transaction = catalogue_.begin(deadline);
  if (!transaction) return transaction.error();
  WEIR_TRY(catalogue_.add_break(partition, what, clock_.now()));
  return transaction->commit();
}

}  // namespace weir
