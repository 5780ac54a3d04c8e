#include "quota/ingest.h"

#include "base/crash_point.h"
#include "quota/ingest_producers.h"

namespace weir {
namespace {

/// Usage of buckets at or behind `closed_until_us`, and adjustments of frozen ones.
struct Split {
  UsageDeltas usage, adjustments;
};

Split split_at(const UsageDeltas& all, std::int64_t closed_until_us) {
  Split out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    UsageDeltas& into = all.bucket_us[i] >= closed_until_us ? out.usage : out.adjustments;
    into.add(all.tenant[i], all.subscription[i], all.meter[i], all.bucket_us[i], all.units[i]);
  }
  return out;
}

/// False: one of them was not at its a.
Result<bool> advance_all(IngestTransaction& tx, const CommitBatch& batch) {
  for (std::size_t i = 0; i < batch.ranges.size(); ++i) {
    const Range& range = batch.ranges[i];
    WEIR_CHECK(range.from <= range.to);
    WEIR_CHECK(i == 0 || batch.ranges[i - 1].partition < range.partition);
    Result<bool> moved =
        tx.advance_progress(batch.incarnation, range.partition, range.from, range.to);
    if (!moved || !*moved) return moved;
  }
  return true;
}

Status add_sums(IngestTransaction& tx, const CommitBatch& batch, const Aggregated& aggregated,
                std::int64_t closed_until_us) {
  const Split split = split_at(aggregated.deltas, closed_until_us);
  if (!split.usage.empty()) {
    Result<std::vector<std::string>> saturated = tx.add_usage(batch.incarnation, split.usage);
    if (!saturated) return std::move(saturated).error();
    for (const std::string& key : *saturated) {
      WEIR_TRY(tx.add_flag(batch.incarnation, std::nullopt, "overflow", "units of " + key));
    }
  }
  if (!split.adjustments.empty()) {
    WEIR_TRY(tx.add_adjustments(batch.incarnation, split.adjustments));
  }
  for (const std::string& key : aggregated.overflowed) {
    WEIR_TRY(tx.add_flag(batch.incarnation, std::nullopt, "overflow", "units of " + key));
  }
  return Status();
}

Status add_the_rest(IngestTransaction& tx, const CommitBatch& batch, const Aggregated& aggregated,
                    const AnchorPace& anchors, const Findings& findings) {
  if (!batch.quarantined.empty()) {
    WEIR_TRY(tx.add_quarantine_records(batch.incarnation, batch.quarantined));
    WEIR_TRY(tx.add_quarantine(batch.incarnation, batch.quarantined));
  }
  if (!findings.dropped.empty()) {
    WEIR_TRY(tx.add_dropped(batch.incarnation, findings.dropped));
  }
  if (!batch.gaps.empty()) WEIR_TRY(tx.add_gaps(batch.incarnation, batch.gaps));
  if (!aggregated.unprovable.empty()) WEIR_TRY(tx.add_unprovable(aggregated.unprovable));
  for (const Range& range : batch.ranges) {
    if (!range.sealed.empty()) WEIR_TRY(tx.name_generations(range.sealed));
    if (!range.expired.empty()) WEIR_TRY(tx.forget_generations(range.expired));
    if (anchors.due(range)) {
      WEIR_TRY(tx.keep_anchor(batch.incarnation, range.partition, *range.anchor));
    }
  }
  return Status();
}

Status record_progress(IngestTransaction& tx, const CommitBatch& batch,
                       const Aggregated& aggregated, std::int64_t closed_until_us) {
  const std::vector<std::int64_t> adjusted = count_adjusted(batch, closed_until_us);
  std::vector<ProgressFacts> facts;
  for (std::size_t i = 0; i < batch.ranges.size(); ++i) {
    facts.push_back({&batch.ranges[i], adjusted[i], aggregated.unsubscribed[i]});
  }
  return tx.record_progress(batch.incarnation, facts);
}

}  // namespace

Error no_catalog() {
  return Error{ErrorCode::unavailable, "no catalogue is applied, so nothing can be counted yet",
               "run: weir-quota catalog apply FILE"};
}

bool AnchorPace::due(const Range& range) const {
  constexpr std::int64_t kMinuteUs = 60'000'000;
  if (!range.anchor) return false;
  const auto newest = newest_.find(range.partition);
  return newest == newest_.end() ||
         range.anchor->append_time.value - newest->second.value >= kMinuteUs;
}

void AnchorPace::kept(const Range& range) {
  if (due(range)) newest_[range.partition] = range.anchor->append_time;
}

Result<Ingested> ingest(Store& store, const CommitBatch& batch, const Aggregated& aggregated,
                        const SealRules& rules, const AnchorPace& anchors, Findings& findings,
                        Deadline deadline) {
  Result<std::unique_ptr<IngestTransaction>> begun = store.begin(deadline);
  if (!begun) return std::move(begun).error();
  IngestTransaction& tx = **begun;
  WEIR_CRASH_POINT("quota.after_begin");

  // Step 1: compare and set, in ascending order of partitions.
  Result<bool> moved = advance_all(tx, batch);
  if (!moved) return std::move(moved).error();
  if (!*moved) return Ingested::conflict;
  WEIR_CRASH_POINT("quota.after_cas");

  // Step 2: only now what a close or an operator may have changed.
  Result<std::int64_t> closed_until_us = tx.read_closed_until();
  if (!closed_until_us) return std::move(closed_until_us).error();
  Result<std::int64_t> catalog_version = tx.read_catalog_version();
  if (!catalog_version) return std::move(catalog_version).error();
  if (*catalog_version == 0) return no_catalog();
  if (*catalog_version != aggregated.catalog_version) return Ingested::other_catalog;

  // Step 3, dropping duplicates, is in the batch's verdicts; a redriven event counts only while its
  // child is open (R7).
  Result<bool> open = decide_redrives(tx, batch, findings);
  if (!open) return std::move(open).error();
  if (!*open) return Ingested::redrive_decided;

  // Steps 4 and 5: what the rows become, and which numbers are missing.
  WEIR_TRY(add_sums(tx, batch, aggregated, *closed_until_us));
  WEIR_CRASH_POINT("quota.after_usage");
  WEIR_TRY(add_the_rest(tx, batch, aggregated, anchors, findings));
  Result<std::vector<SealRecord>> seals = take_seals(tx, batch, rules, *closed_until_us, findings);
  if (!seals) return std::move(seals).error();
  WEIR_TRY(take_numbers(tx, batch, *seals));
  WEIR_TRY(record_progress(tx, batch, aggregated, *closed_until_us));

  // Step 6.
  WEIR_CRASH_POINT("quota.before_commit");
  WEIR_TRY(tx.commit());
  WEIR_CRASH_POINT("quota.after_commit");
  return Ingested::done;
}

Result<Ingested> resolve_in_doubt(Store& store, const CommitBatch& batch, Deadline deadline) {
  bool all_done = true, none_done = true;
  for (const Range& range : batch.ranges) {
    Result<std::optional<Offset>> next =
        store.read_next(batch.incarnation, range.partition, deadline);
    if (!next) return std::move(next).error();
    if (!*next) return Ingested::conflict;
    // A range that does not move says nothing about the commit.
    if (range.from == range.to && **next == range.from) continue;
    all_done = all_done && **next == range.to;
    none_done = none_done && **next == range.from;
  }
  if (none_done) {
    return Error{ErrorCode::unavailable, "the commit was lost and nothing was written", ""};
  }
  return all_done ? Ingested::done : Ingested::conflict;
}

}  // namespace weir
