#include "billing/close.h"

#include "base/crash_point.h"
#include "base/digest.h"
#include "billing/catalog_store.h"
#include "billing/certificate.h"
#include "billing/freeze_rows.h"
#include "billing/readiness.h"
#include "catalog/catalog.h"

namespace weir {
namespace {

CloseOutcome not_ready(std::vector<Reason> reasons) {
  return {CloseOutcome::Kind::not_ready, {}, std::move(reasons)};
}

/// Step 1 said no: the close that stands at T or beyond.
Result<CloseOutcome> standing_close(CloseStore& store, std::int64_t t_us, Deadline deadline) {
  const Result<std::optional<CloseHead>> head = store.find_close(t_us, deadline);
  if (!head) return head.error();
  if (!*head) {
    return Error{ErrorCode::integrity,
                 "quota is frozen at or beyond " + format_rfc3339(t_us) +
                     ", but billing has no such close (or it is no edge of a bucket)",
                 "one of the schemas was replaced: call an operator"};
  }
  return CloseOutcome{CloseOutcome::Kind::stands_already, **head, {}};
}

/// Step 3's facts, read again behind the fence, with one fresh look at the log's end.
Result<Standing> read_again(CloseTransaction& tx, StreamEye& eye, std::int64_t t_us,
                            const std::optional<CloseHead>& predecessor,
                            const CloseOptions& options, Deadline look_deadline) {
  Standing standing;
  auto deployment = tx.deployment();
  if (!deployment) return deployment.error();
  standing.deployment = *std::move(deployment);
  // What it stood at before step 1, which only a close can move.
  standing.deployment.closed_until_us = predecessor ? predecessor->t_us : 0;
  standing.last_close = predecessor;
  auto progress = tx.progress(standing.deployment.incarnation);
  if (!progress) return progress.error();
  standing.progress = *std::move(progress);
  auto blockers = tx.blockers();
  if (!blockers) return blockers.error();
  standing.blockers = *std::move(blockers);
  auto unprovable = tx.unprovable_count();
  if (!unprovable) return unprovable.error();
  standing.unprovable = *unprovable;
  // Before the overrides: whoever makes or revokes one waits for its lock.
  auto catalog = tx.lock_catalog();
  if (!catalog) return catalog.error();
  standing.catalog = *std::move(catalog);
  auto producers = tx.producers();
  if (!producers) return producers.error();
  standing.producers = *std::move(producers);
  auto overrides = tx.overrides();
  if (!overrides) return overrides.error();
  standing.overrides = *std::move(overrides);
  standing.profile = options.profile;
  standing.hold_max_us = options.hold_max.count();
  auto barriers = tx.barriers(standing.deployment.incarnation, t_us);
  if (!barriers) return barriers.error();
  standing.barriers = *std::move(barriers);
  auto now = tx.clock_us();
  if (!now) return now.error();
  standing.now_us = *now;
  standing.stream = eye.look(look_deadline);
  return standing;
}

/// R1: the record that each partition's anchor names still stands in the log, byte for byte.
std::vector<Reason> judge_anchors(StreamEye& eye, const std::vector<CutPartition>& cut,
                                  Deadline deadline) {
  std::vector<Reason> reasons;
  std::vector<AnchorPlace> places;
  for (const CutPartition& partition : cut) {
    places.push_back({partition.partition, partition.anchor_offset});
    if (partition.anchor_offset >= 0) continue;
    reasons.push_back({"anchor_missing", partition.partition, "no record was ever applied",
                       "see that weir-quota consume runs", 0});
  }
  if (!reasons.empty()) return reasons;
  const auto digests = eye.digests_at(places, deadline);
  if (!digests) {
    return {{"broker_unreachable",
             {},
             digests.error().text(),
             "start the broker, or mend [stream] and [kafka]",
             0}};
  }
  for (std::size_t i = 0; i < cut.size(); ++i) {
    if ((*digests)[i] == cut[i].anchor_digest) continue;
    reasons.push_back({"anchor_broken", cut[i].partition,
                       "the record at " + std::to_string(cut[i].anchor_offset) +
                           " is not the one that was applied",
                       "the log was truncated or made anew: call an operator", 0});
  }
  return reasons;
}

/// The fence's rows are the incarnation's partitions, and what was read behind it is what it found.
bool fences(const std::vector<CutPartition>& cut, const Standing& standing) {
  if (cut.size() != standing.stream->partitions.size()) return false;
  if (cut.size() != standing.barriers.size() || cut.size() != standing.progress.size())
    return false;
  for (std::size_t i = 0; i < cut.size(); ++i) {
    const bool same = cut[i].incarnation == standing.deployment.incarnation &&
                      cut[i].partition == static_cast<std::int32_t>(i) &&
                      standing.barriers[i].partition == cut[i].partition &&
                      standing.progress[i].next == cut[i].n;
    if (!same) return false;
  }
  return true;
}

/// Step 3. READY(T)'s judgement over what the fence cut, then the anchors.
std::vector<Reason> judge_cut(const Standing& standing, const std::vector<CutPartition>& cut,
                              StreamEye& eye, std::int64_t t_us, Deadline deadline) {
  std::vector<Reason> reasons = judge(standing, t_us).reasons;
  if (!reasons.empty()) return reasons;
  if (!fences(cut, standing)) {
    reasons.push_back({"partitions_changed",
                       {},
                       "the fence found other partitions or positions",
                       "run again",
                       0});
    return reasons;
  }
  return judge_anchors(eye, cut, deadline);
}

Error nobody_would_invoice(const std::string& what) {
  return Error{ErrorCode::integrity, what + " would be invoiced by nobody",
               "the catalogue changed the periods of the past: apply the former one"};
}

/// Each period that had begun before the last close is the same by the catalogue that this one freezes.
/// So what former closes froze of a period is of one that will be due, however long ago it was: each
/// close froze by a catalogue that kept what was open, and what a catalogue calls a period is due when
/// it ends (due_at). Costs nothing while the catalogue stays.
Status keep_open_periods(CloseTransaction& tx, const Standing& standing, const Catalog& catalog) {
  const std::optional<CloseHead>& last = standing.last_close;
  if (!last) return {};
  const auto former = tx.former_catalog(last->id, standing.catalog->version);
  if (!former) return former.error();
  if (!*former) return {};
  const auto read = read_catalog_json((*former)->canonical);
  if (!read) return read.error().within("catalogue of the last close");
  const std::vector<Fault> faults = check_open_periods(*read, catalog, last->t_us);
  if (faults.empty()) return {};
  return nobody_would_invoice("what is frozen of " + faults.front().where + ": " +
                              faults.front().what);
}

Status write_frozen(CloseTransaction& tx, const CloseRecord& record, const Frozen& frozen) {
  const auto assigned = tx.assign_adjustments(record.head.id, frozen.assigned);
  if (!assigned) return assigned.error();
  if (assigned->size() != frozen.assigned.size()) {
    return Error{ErrorCode::integrity, "an adjustment was assigned by somebody else", ""};
  }
  WEIR_TRY(tx.add_frozen(record.head.id, record.catalog_version, frozen));
  if (all_due(frozen, record.head.t_us)) return {};
  const auto unbilled = tx.count_unbilled(record.head.id, record.head.t_us);
  if (!unbilled) return unbilled.error();
  if (*unbilled == 0) return {};
  return nobody_would_invoice(std::to_string(*unbilled) + " frozen sums");
}

std::vector<ClosePartition> partitions_of(const std::vector<CutPartition>& cut,
                                          const Standing& standing) {
  std::vector<ClosePartition> partitions;
  for (const CutPartition& partition : cut) {
    const auto number = static_cast<std::size_t>(partition.partition);
    partitions.push_back(
        {partition, standing.barriers[number].e, standing.stream->partitions[number].end});
  }
  return partitions;
}

CloseRecord record_of(const Standing& standing, const std::vector<CutPartition>& cut,
                      std::int64_t t_us) {
  const std::optional<CloseHead>& predecessor = standing.last_close;
  CloseRecord record;
  record.head = {predecessor ? predecessor->id + 1 : 1, t_us, ""};
  record.previous_t_us = predecessor ? predecessor->t_us : INT64_MIN;
  record.predecessor = predecessor ? predecessor->digest : "";
  record.catalog_version = standing.catalog->version;
  record.incarnation = standing.deployment.incarnation;
  record.closed_at_us = standing.now_us;
  record.partitions = partitions_of(cut, standing);
  return record;
}

/// A lost reply: the close is there, or nothing is.
Result<CloseOutcome> resolve(CloseStore& store, const CloseHead& head, const Error& lost,
                             Deadline deadline) {
  const auto found = store.find_close(head.t_us, deadline);
  if (found && *found && (*found)->digest == head.digest) {
    return CloseOutcome{CloseOutcome::Kind::closed, head, {}};
  }
  return Error{ErrorCode::unavailable, lost.what, "run again: nothing was charged"};
}

}  // namespace

Result<CloseOutcome> close_at(CloseStore& store, StreamEye& eye, std::int64_t t_us,
                              const CloseOptions& options) {
  const Deadline deadline = Deadline::in(options.timeout);
  auto begun = store.begin(deadline);
  if (!begun) return begun.error();
  CloseTransaction& tx = **begun;

  WEIR_CRASH_POINT("close.before");
  // 1. Forward only: of two closes, the second finds nothing to move.
  const auto advanced = tx.advance_closed_until(t_us);
  if (!advanced) return advanced.error();
  if (!*advanced) {
    begun->reset();
    return standing_close(store, t_us, deadline);
  }
  WEIR_CRASH_POINT("close.after_advance");
  const auto predecessor = tx.last_close();
  if (!predecessor) return predecessor.error();

  // 2. The fence: no ingest passes until this transaction ends.
  const auto cut = tx.fence_progress();
  if (!cut) return cut.error();

  WEIR_CRASH_POINT("close.after_fence");

  // 3. and 4. Everything again, behind the fence.
  const Deadline look = Deadline::in(options.look_timeout);
  const auto standing = read_again(tx, eye, t_us, *predecessor, options, look);
  if (!standing) return standing.error();
  std::vector<Reason> reasons = judge_cut(*standing, *cut, eye, t_us, look);
  if (!reasons.empty()) return not_ready(std::move(reasons));

  // 5. Freeze.
  const auto catalog = read_catalog_json(standing->catalog->canonical);
  if (!catalog) return catalog.error().within("stored catalogue");
  WEIR_TRY(keep_open_periods(tx, *standing, *catalog));
  CloseRecord record = record_of(*standing, *cut, t_us);
  const auto frozen = freeze_rows(tx, *catalog, record.previous_t_us, t_us);
  if (!frozen) return frozen.error();
  WEIR_TRY(write_frozen(tx, record, *frozen));

  // 6. The certificate, chained to its predecessor.
  record.certificate = certificate_of(record, *standing, *frozen);
  record.head.digest = sha256_hex(record.certificate);
  WEIR_TRY(tx.add_close(record));
  WEIR_CRASH_POINT("close.before_commit");
  const Status committed = tx.commit();
  WEIR_CRASH_POINT("close.after_commit");
  if (committed) return CloseOutcome{CloseOutcome::Kind::closed, record.head, {}};
  if (committed.error().code != ErrorCode::in_doubt) return committed.error();
  begun->reset();
  return resolve(store, record.head, committed.error(), deadline);
}

}  // namespace weir
