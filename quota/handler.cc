#include "quota/handler.h"

#include "base/log.h"

namespace weir {
namespace {

/// How often a batch is aggregated again before the loop is asked to come back.
constexpr int kCatalogTries = 3;

std::string count_changed(std::int32_t known, std::int32_t found) {
  return "the topic has " + std::to_string(found) +
         " partitions, but this incarnation began with " + std::to_string(known);
}

}  // namespace

QuotaHandler::QuotaHandler(Store& store, Deployment deployment, Metrics& metrics)
    : store_(store),
      deployment_(std::move(deployment)),
      received_(metrics.counter("weir_quota_received_events_total", "events read from the stream")),
      applied_(metrics.counter("weir_quota_applied_events_total", "events that were applied")),
      duplicate_(metrics.counter("weir_quota_duplicate_events_total", "copies that were dropped")),
      quarantined_(metrics.counter("weir_quota_quarantined_events_total", "events kept aside")),
      unprovable_(
          metrics.counter("weir_quota_unprovable_events_total", "too late to be proven new")),
      unsubscribed_(metrics.counter("weir_quota_unsubscribed_events_total",
                                    "applied events without a subscription: nothing to bill")),
      commits_(metrics.counter("weir_quota_commits_total", "ingest transactions that are in")),
      conflicts_(metrics.counter("weir_quota_conflicts_total", "compare-and-set missed")),
      doubts_(metrics.counter("weir_quota_commits_in_doubt_total", "commits whose reply was lost")),
      aggregator_(deployment_.bucket) {}

Result<std::vector<PartitionState>> QuotaHandler::load(std::span<const PartitionId> partitions,
                                                       std::int32_t partition_count,
                                                       Deadline deadline) {
  Result<std::int32_t> known = store_.fix_partitions(partition_count, deadline);
  if (!known) return std::move(known).error();
  if (*known != partition_count) {
    const std::string what = count_changed(*known, partition_count);
    WEIR_TRY(store_.raise_flag(deployment_.incarnation, std::nullopt, "lineage", what, deadline));
    return Error{ErrorCode::integrity, what,
                 "the count never changes within an incarnation (R2); put the old topic back"};
  }
  std::vector<PartitionState> states;
  for (PartitionId partition : partitions) {
    WEIR_TRY(store_.insert_progress(deployment_.incarnation, partition, deadline));
    Result<PartitionState> state =
        store_.read_partition(deployment_.incarnation, partition, deadline);
    if (!state) return std::move(state).error();
    states.push_back(*std::move(state));
  }
  return states;
}

Status QuotaHandler::load_catalog(Deadline deadline) {
  Result<std::optional<StoredCatalog>> stored = store_.read_catalog(deadline);
  if (!stored) return stored.error();
  if (!*stored) return no_catalog();
  Result<std::shared_ptr<const Meters>> meters = Meters::of(**stored);
  if (!meters) return meters.error();
  meters_ = *std::move(meters);
  log_info("catalogue in force", {{"version", (*stored)->version}, {"digest", (*stored)->digest}});
  return Status();
}

Result<Committed> QuotaHandler::commit(const CommitBatch& batch, Deadline deadline) {
  for (int attempt = 0; attempt < kCatalogTries; ++attempt) {
    if (meters_ == nullptr) WEIR_TRY(load_catalog(deadline));
    aggregator_.aggregate(batch, *meters_, aggregated_);
    Result<Ingested> outcome = ingest(store_, batch, aggregated_, deadline);
    if (outcome && *outcome == Ingested::other_catalog) {
      meters_ = nullptr;
      continue;
    }
    return settle(batch, std::move(outcome), deadline);
  }
  return Error{ErrorCode::unavailable, "the catalogue changes faster than a batch commits", ""};
}

Result<Committed> QuotaHandler::settle(const CommitBatch& batch, Result<Ingested> outcome,
                                       Deadline deadline) {
  if (!outcome && outcome.error().code == ErrorCode::in_doubt) {
    doubts_.add();
    log_warn("commit in doubt; reading back", {{"error", outcome.error().what}});
    // The deadline went with the lost reply; the look has a little time of its own.
    const Deadline own = deadline.left() > std::chrono::seconds(5)
                             ? deadline
                             : Deadline::in(std::chrono::seconds(5));
    outcome = resolve_in_doubt(store_, batch, own);
  }
  if (!outcome) {
    Error error = std::move(outcome).error();
    // A batch that the database refuses for its values is a bug of ours, not of the moment.
    if (error.code == ErrorCode::invalid || error.code == ErrorCode::conflict) {
      error.code = ErrorCode::integrity;
    }
    // The disk or a bound is full: the same batch may go in later.
    if (error.code == ErrorCode::full) error.code = ErrorCode::unavailable;
    return error;
  }
  if (*outcome == Ingested::conflict) {
    conflicts_.add();
    return Committed::conflict;
  }
  count(batch);
  return Committed::done;
}

void QuotaHandler::count(const CommitBatch& batch) {
  commits_.add();
  for (const Range& range : batch.ranges) {
    received_.add(range.counts.received);
    applied_.add(range.counts.applied);
    duplicate_.add(range.counts.duplicate);
    quarantined_.add(range.counts.quarantined);
    unprovable_.add(range.counts.unprovable);
  }
  for (std::int64_t rows : aggregated_.unsubscribed) unsubscribed_.add(rows);
}

Status QuotaHandler::report_break(PartitionId partition, const std::string& what,
                                  Deadline deadline) {
  return store_.raise_flag(deployment_.incarnation, partition, "lineage", what, deadline);
}

}  // namespace weir
