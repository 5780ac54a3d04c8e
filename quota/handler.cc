#include "quota/handler.h"

#include "base/log.h"

namespace weir {
namespace {

/// How often a batch is aggregated under another catalogue before the loop is asked to come back.
constexpr int kTries = 4;

std::string count_changed(std::int32_t known, std::int32_t found) {
  return "the topic has " + std::to_string(found) +
         " partitions, but this incarnation began with " + std::to_string(known);
}

}  // namespace

QuotaHandler::QuotaHandler(Store& store, Deployment deployment, Metrics& metrics)
    : store_(store),
      deployment_(std::move(deployment)),
      seal_rules_{deployment_.permitted_future, deployment_.grace, deployment_.bucket},
      received_(metrics.counter("weir_quota_received_events_total", "events read from the stream")),
      applied_(metrics.counter("weir_quota_applied_events_total", "events that were applied")),
      duplicate_(metrics.counter("weir_quota_duplicate_events_total", "copies that were dropped")),
      quarantined_(metrics.counter("weir_quota_quarantined_events_total", "events kept aside")),
      unprovable_(
          metrics.counter("weir_quota_unprovable_events_total", "too late to be proven new")),
      unsubscribed_(metrics.counter("weir_quota_unsubscribed_events_total",
                                    "applied events without a subscription: nothing to bill")),
      dropped_(metrics.counter("weir_quota_dropped_redrives_total",
                               "redriven events that were decided before (R7)")),
      unnumbered_(metrics.counter("weir_quota_unnumbered_events_total",
                                  "received events of producers that do not number")),
      seals_ahead_(metrics.counter("weir_quota_seals_ahead_total",
                                   "seals from the future, which do not count (R13)")),
      commits_(metrics.counter("weir_quota_commits_total", "ingest transactions that are in")),
      conflicts_(metrics.counter("weir_quota_conflicts_total", "compare-and-set missed")),
      doubts_(metrics.counter("weir_quota_commits_in_doubt_total", "commits whose reply was lost")),
      aggregator_(deployment_.bucket) {}

Result<std::vector<PartitionState>> QuotaHandler::load(std::span<const PartitionId> partitions,
                                                       std::int32_t partition_count,
                                                       Deadline deadline) {
  Result<Deployment> stands = store_.read_deployment(deadline);
  if (!stands) return std::move(stands).error();
  if (stands->incarnation != deployment_.incarnation) {
    return Error{ErrorCode::integrity,
                 "incarnation " + std::to_string(stands->incarnation.value) +
                     " was adopted, and this process reads " +
                     std::to_string(deployment_.incarnation.value),
                 "start weir-quota consume again (R1)"};
  }
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
    if (partition.value >= partition_count) {
      // The topic grew between the assignment and the count: no row of what is no part of it (R2).
      return Error{ErrorCode::unavailable,
                   "partition " + std::to_string(partition.value) +
                       " is assigned, but the topic has " + std::to_string(partition_count) +
                       " partitions",
                   ""};
    }
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
  const CommitBatch* now = &batch;
  CommitBatch changed;
  for (int catalogs = 0; catalogs < kTries;) {
    if (meters_ == nullptr) WEIR_TRY(load_catalog(deadline));
    aggregator_.aggregate(*now, *meters_, aggregated_);
    Findings findings;
    Result<Ingested> outcome =
        ingest(store_, *now, aggregated_, seal_rules_, anchors_, findings, deadline);
    if (outcome && *outcome == Ingested::other_catalog) {
      meters_ = nullptr;
      ++catalogs;
      continue;
    }
    if (outcome && *outcome == Ingested::redrive_decided) {
      // Each time a row fewer may be dropped, so this ends; and the deadline ends it before.
      changed = drop_rows(*now, findings.to_drop);
      now = &changed;
      continue;
    }
    return settle(*now, std::move(outcome), findings, deadline);
  }
  return Error{ErrorCode::unavailable, "the catalogue changes faster than a batch commits", ""};
}

Result<Committed> QuotaHandler::settle(const CommitBatch& batch, Result<Ingested> outcome,
                                       const Findings& findings, Deadline deadline) {
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
  count(batch, findings);
  for (const Range& range : batch.ranges) anchors_.kept(range);
  return has_dropped(batch) ? Committed::done_reload : Committed::done;
}

void QuotaHandler::count(const CommitBatch& batch, const Findings& findings) {
  commits_.add();
  if (findings.seals_ahead > 0) {
    seals_ahead_.add(findings.seals_ahead);
    log_warn("seals vouch for the future and do not count; a producer's clock is ahead",
             {{"seals", findings.seals_ahead}, {"producer", findings.seal_ahead_of}});
  }
  for (const Range& range : batch.ranges) {
    dropped_.add(range.counts.dropped);
    unnumbered_.add(range.counts.unnumbered);
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
