// Where each partition of a broken stream goes on (adopt.h tells the rules). Reads only.
#include "quota/operator/adopt.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::int64_t kFirstRecordWithin =
    100;  // offsets; markers and compaction leave some empty

std::string at_partition(PartitionId partition) {
  return "partition " + std::to_string(partition.value);
}

Error refused(PartitionId partition, const std::string& why, const std::string& remedy) {
  return Error{ErrorCode::conflict, "adoption is refused: " + at_partition(partition) + ": " + why,
               remedy};
}

/// One partition's side of the question, while it is asked.
struct Asking {
  const ProgressRow& former;
  const std::vector<Anchor>& anchors;  // ascending, below former.next
  LogBounds bounds;
  LogLook& log;
  Deadline deadline;

  bool testable(const Anchor& anchor) const {
    return anchor.offset >= bounds.start && anchor.offset < bounds.end;
  }
  Result<bool> holds(const Anchor& anchor) const {
    Result<std::optional<Anchor>> found = log.anchor_at(former.partition, anchor.offset, deadline);
    if (!found) return std::move(found).error();
    return *found && (*found)->digest == anchor.digest;
  }
  /// The greatest append time of what was applied, in older incarnations too: a broker's clock may
  /// have been set back since, and then it is not the last record's.
  AppendTime newest() const {
    AppendTime newest = former.newest_append.value_or(anchors.back().append_time);
    for (const Anchor& anchor : anchors) newest = std::max(newest, anchor.append_time);
    return former.unheld_until ? std::max(newest, *former.unheld_until) : newest;
  }
};

/// The newest anchor that holds. A log that is the same at one record is the same before it, so
/// halving finds it.
Result<std::optional<Anchor>> newest_that_holds(const Asking& asking) {
  std::vector<Anchor> testable;
  std::ranges::copy_if(asking.anchors, std::back_inserter(testable),
                       [&](const Anchor& anchor) { return asking.testable(anchor); });
  std::size_t held = 0;  // of the first ones
  std::size_t open = testable.size();
  while (held < open) {
    const std::size_t middle = held + (open - held) / 2;
    Result<bool> holds = asking.holds(testable[middle]);
    if (!holds) return std::move(holds).error();
    if (*holds) {
      held = middle + 1;
    } else {
      open = middle;
    }
  }
  if (held == 0) return std::optional<Anchor>();
  return std::optional<Anchor>(testable[held - 1]);
}

Result<std::optional<Anchor>> first_record(const Asking& asking) {
  const Offset last = std::min(asking.bounds.end, asking.bounds.start + kFirstRecordWithin);
  for (Offset at = asking.bounds.start; at < last; at = at + 1) {
    Result<std::optional<Anchor>> record =
        asking.log.anchor_at(asking.former.partition, at, asking.deadline);
    if (!record || *record) return record;
  }
  return std::optional<Anchor>();
}

PartitionPlan goes_on(const ProgressRow& former, const char* what, Offset start) {
  PartitionPlan plan;
  plan.partition = former.partition;
  plan.what = what;
  plan.former = former;
  // R6: what no index held when the former incarnation began, none holds now. Forgotten, the second
  // adoption would call a copy of it new, and it would count twice.
  plan.start = {former.partition,    start,
                std::nullopt,        former.unheld_until,
                former.horizon_us,   former.restamp_window_us,
                former.newest_append};
  return plan;
}

/// A log of which an older anchor still holds.
Result<PartitionPlan> plan_truncated(const Asking& asking, const Anchor& held) {
  const ProgressRow& former = asking.former;
  if (held.append_time < former.horizon_from) {
    return refused(former.partition,
                   "the newest record that still is what was applied (offset " +
                       std::to_string(held.offset.value) + ", " +
                       format_rfc3339(held.append_time.value) +
                       ") lies before what the identity index covers, from " +
                       format_rfc3339(former.horizon_from.value) + " on",
                   "what is read again could not be told from new; bring the lost records back, or "
                   "make the topic anew and load what is missing");
  }
  PartitionPlan plan = goes_on(former, "truncated", held.offset + 1);
  plan.start.anchor = held;
  plan.start.unheld_until = asking.newest();
  plan.lost = "the log was truncated: records from here to offset " +
              std::to_string(former.next.value - 1) +
              " were applied and are gone or others; what stood behind them is lost";
  return plan;
}

/// A log in which nothing of what was applied stands where it stood.
Result<PartitionPlan> plan_anew(const Asking& asking) {
  const ProgressRow& former = asking.former;
  const Offset start = asking.bounds.start;
  if (start < asking.bounds.end) {
    Result<std::optional<Anchor>> first = first_record(asking);
    if (!first) return std::move(first).error();
    const bool younger = *first && (*first)->append_time > asking.newest();
    if (!younger) {
      return refused(former.partition,
                     "no kept record holds, yet the log begins with records as old as those that "
                     "were applied: they would count twice",
                     "bring the old log back, or make the topic anew and load what is missing");
    }
  }
  PartitionPlan plan = goes_on(former, "made anew", start);
  plan.start.unheld_until = asking.newest();
  plan.lost = "the log was made anew: what the old one held from here on was never read";
  return plan;
}

Result<PartitionPlan> plan_partition(const Asking& asking) {
  const ProgressRow& former = asking.former;
  if (asking.anchors.empty()) {
    // Nothing was ever applied: what is there is new, wherever it stands.
    return goes_on(former, "never applied", std::min(former.next, asking.bounds.start));
  }
  const Anchor& newest = asking.anchors.back();
  const bool reaches = asking.bounds.end >= former.next;
  if (reaches && newest.offset < asking.bounds.start) {
    return goes_on(former, "unverified", former.next);  // retention took every anchor
  }
  Result<std::optional<Anchor>> held = newest_that_holds(asking);
  if (!held) return std::move(held).error();
  if (!*held) return plan_anew(asking);
  if ((*held)->offset < newest.offset || !reaches) return plan_truncated(asking, **held);
  PartitionPlan plan = goes_on(former, "unbroken", former.next);
  plan.start.anchor = newest;
  return plan;
}

/// Kept ones and the row's own, ascending, of records that were applied.
std::vector<Anchor> anchors_of(const LineageFacts& facts, const ProgressRow& former) {
  std::vector<Anchor> anchors;
  const auto place = static_cast<std::size_t>(former.partition.value);
  if (place < facts.anchors.size()) anchors = facts.anchors[place];
  std::erase_if(anchors, [&](const Anchor& anchor) { return anchor.offset >= former.next; });
  if (former.anchor && (anchors.empty() || anchors.back().offset < former.anchor->offset)) {
    anchors.push_back(*former.anchor);
  }
  return anchors;
}

ProgressRow former_of(const LineageFacts& facts, PartitionId partition) {
  const auto row = std::ranges::find(facts.progress, partition, &ProgressRow::partition);
  if (row != facts.progress.end()) return *row;
  ProgressRow none;
  none.partition = partition;
  return none;
}

Status check_count(const LineageFacts& facts, LogLook& log, Deadline deadline) {
  if (facts.partitions == 0) {
    return Error{ErrorCode::conflict, "no consumer has ever read this topic: there is no lineage",
                 "start weir-quota consume"};
  }
  Result<std::int32_t> count = log.partition_count(deadline);
  if (!count) return count.error();
  if (*count == facts.partitions) return Status();
  return Error{ErrorCode::conflict,
               "adoption is refused: the topic has " + std::to_string(*count) +
                   " partitions, and what was read had " + std::to_string(facts.partitions) +
                   ": copies of an event would come in other partitions than before",
               "make the topic with " + std::to_string(facts.partitions) + " partitions"};
}

bool evident(const PartitionPlan& plan) {
  return plan.what == "unbroken" || plan.what == "truncated";
}
bool broken(const PartitionPlan& plan) {
  return plan.what == "made anew" || plan.what == "truncated";
}

}  // namespace

Result<AdoptionPlan> plan_adoption(const LineageFacts& facts, LogLook& log, Deadline deadline) {
  WEIR_TRY(check_count(facts, log, deadline));
  AdoptionPlan plan;
  Result<std::string> cluster_id = log.cluster_id(deadline);
  if (!cluster_id) return std::move(cluster_id).error();
  plan.begins.incarnation = Incarnation{facts.incarnation.value + 1};
  plan.begins.topic = facts.topic;
  plan.begins.cluster_id = *cluster_id;
  plan.breaks = facts.breaks;
  for (std::int32_t p = 0; p < facts.partitions; ++p) {
    const ProgressRow former = former_of(facts, PartitionId{p});
    const std::vector<Anchor> anchors = anchors_of(facts, former);
    Result<LogBounds> bounds = log.bounds(former.partition, deadline);
    if (!bounds) return std::move(bounds).error();
    Result<PartitionPlan> one = plan_partition(Asking{former, anchors, *bounds, log, deadline});
    if (!one) return std::move(one).error();
    plan.begins.starts.push_back(one->start);
    plan.partitions.push_back(*std::move(one));
  }
  const bool same_log = std::ranges::any_of(plan.partitions, evident);
  plan.begins.why = same_log ? "truncated" : "made anew";
  if (facts.breaks.empty() && std::ranges::none_of(plan.partitions, broken)) {
    return Error{ErrorCode::conflict, "nothing is broken: the log is the one that was read",
                 "there is nothing to adopt"};
  }
  return plan;
}

}  // namespace weir
