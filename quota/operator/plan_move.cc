// What a move may do, and what is left to do before it is finished (move.h). Reads only.
#include "quota/operator/deciding.h"
#include "quota/operator/move.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::int64_t kFirstRecordWithin = 100;  // offsets; markers leave some empty

Error refused(const std::string& why, const std::string& remedy) {
  return Error{ErrorCode::conflict, "the move is refused: " + why, remedy};
}

std::string number(std::int64_t n) { return std::to_string(n); }

std::int64_t contiguous_of(const ProducerFinals& producer, std::int64_t epoch, std::size_t place) {
  for (const ContiguousNumber& one : producer.numbers) {
    const bool same = one.epoch == epoch && one.partition.value == static_cast<std::int32_t>(place);
    if (same) return one.contiguous;
  }
  return 0;
}

/// The first promised number that is not applied; "" when all are.
std::string missing_of(const ProducerFinals& producer, const std::vector<EpochNumbers>& promised) {
  for (const EpochNumbers& entry : promised) {
    for (std::size_t p = 0; p < entry.last.size(); ++p) {
      const std::int64_t applied = contiguous_of(producer, entry.epoch, p);
      if (applied >= entry.last[p]) continue;
      return "number " + number(applied + 1) + " of epoch " + number(entry.epoch) +
             " in partition " + number(static_cast<std::int64_t>(p)) + ", sealed up to " +
             number(entry.last[p]);
    }
  }
  return "";
}

/// The record from which on a partition of the old topic is inherited, and what lies before it.
struct Reach {
  Offset from;
  std::optional<AppendTime> unheld;  // C of R6, as far as this partition knows
};

struct Looking {
  const LineageFacts& facts;
  LogLook& log;
  AppendTime horizon_start;
  Micros skew;
  Deadline deadline;
};

Result<std::optional<Anchor>> first_record(const Looking& at, PartitionId partition,
                                           const LogBounds& bounds) {
  const Offset last = std::min(bounds.end, bounds.start + kFirstRecordWithin);
  for (Offset offset = bounds.start; offset < last; offset = offset + 1) {
    Result<std::optional<Anchor>> record = at.log.anchor_at(partition, offset, at.deadline);
    if (!record || *record) return record;
  }
  return std::optional<Anchor>();
}

/// The oldest kept anchor from the horizon's start on: its records are about a minute apart.
const Anchor* anchor_within(const Looking& at, const ProgressRow& row, Offset start) {
  const auto& anchors = at.facts.anchors[static_cast<std::size_t>(row.partition.value)];
  for (const Anchor& anchor : anchors) {
    const bool within = anchor.append_time >= at.horizon_start && anchor.offset >= start;
    if (within && anchor.offset < row.next) return &anchor;
  }
  return nullptr;
}

/// What is read again is told from what nobody holds by append times, which a broker's clock may set
/// back: hence the skew, as everywhere (R6).
Result<Reach> reach_of(const Looking& at, const ProgressRow& row, const LogBounds& bounds) {
  // Records below the start of an adopted incarnation are addresses of an older one.
  const bool ever = at.facts.incarnation.value == 1 && bounds.start.value == 0;
  if (bounds.start >= bounds.end) {
    return Reach{row.next, ever ? std::nullopt : row.newest_append};
  }
  Result<std::optional<Anchor>> first = first_record(at, row.partition, bounds);
  if (!first) return std::move(first).error();
  const bool all_within = *first && (*first)->append_time >= at.horizon_start;
  if (ever && all_within) return Reach{bounds.start, std::nullopt};
  if (at.facts.incarnation.value == 1 && all_within) {
    return Reach{bounds.start, (*first)->append_time + at.skew.count()};
  }
  if (const Anchor* anchor = anchor_within(at, row, bounds.start)) {
    return Reach{anchor->offset, anchor->append_time + at.skew.count()};
  }
  return Reach{row.next, row.newest_append};
}

/// The log is the one that was read, and read to its end.
Status check_drained(LogLook& log, const ProgressRow& row, const LogBounds& bounds,
                     Deadline deadline) {
  const std::string at = "partition " + number(row.partition.value);
  if (bounds.end != row.next) {
    return refused(at + " is applied up to " + number(row.next.value) + ", and ends at " +
                       number(bounds.end.value),
                   "let weir-quota consume read it to its end: weir-quota move show");
  }
  if (!row.anchor || row.anchor->offset < bounds.start) return Status();
  Result<std::optional<Anchor>> found = log.anchor_at(row.partition, row.anchor->offset, deadline);
  if (!found) return found.error();
  if (*found && (*found)->digest == row.anchor->digest) return Status();
  return refused(at + ": another record stands where the newest applied one stood",
                 "look at the log first: weir-quota lineage show");
}

std::optional<AppendTime> later(std::optional<AppendTime> a, std::optional<AppendTime> b) {
  if (!a || !b) return a ? a : b;
  return std::max(*a, *b);
}

/// Of all partitions: every one of the new topic may get a copy of what any of the old ones held.
IncarnationStart common_start(const std::vector<ProgressRow>& former) {
  IncarnationStart start;
  for (const ProgressRow& row : former) {
    start.horizon_us = std::max(start.horizon_us, row.horizon_us);
    start.restamp_window_us = std::max(start.restamp_window_us, row.restamp_window_us);
    start.newest_append = later(start.newest_append, row.newest_append);
    start.unheld_until = later(start.unheld_until, row.unheld_until);
  }
  return start;
}

}  // namespace

bool NewTopic::empty() const {
  return std::ranges::all_of(partitions, [](const LogBounds& b) { return b.start == b.end; });
}

Result<NewMove> plan_move(const LineageFacts& facts, const NewTopic& topic) {
  const std::string named = "topic " + topic.topic;
  if (facts.partitions == 0) {
    return refused("no consumer has ever read " + facts.topic,
                   "nothing is to be moved: set up anew with the other topic");
  }
  if (topic.topic == facts.topic)
    return refused(named + " is the one that is read", "name another");
  if (topic.cluster_id != facts.cluster_id) {
    return refused(
        named + " is of cluster " + topic.cluster_id + ", the stream of " + facts.cluster_id,
        "move within one cluster");
  }
  if (static_cast<std::int32_t>(topic.partitions.size()) == facts.partitions) {
    return refused(named + " has " + number(facts.partitions) + " partitions, as " + facts.topic,
                   "make it with the number that you want");
  }
  if (topic.timestamp_type != "LogAppendTime" || topic.cleanup_policy != "delete") {
    return refused(named + " has message.timestamp.type " + topic.timestamp_type +
                       " and cleanup.policy " + topic.cleanup_policy,
                   "set them to LogAppendTime and delete (weir-ingest topic create does)");
  }
  if (!topic.empty()) {
    return refused(named + " holds records", "move to a new topic: what it holds would be counted");
  }
  NewMove move{facts.incarnation, facts.topic, topic.topic, {}};
  for (const LogBounds& bounds : topic.partitions) move.starts.push_back(bounds.end);
  return move;
}

std::string waits_for(const ProducerFinals& producer) {
  if (producer.end) return missing_of(producer, *producer.end);
  const auto own = std::ranges::find(producer.finals, producer.epoch, &EpochNumbers::epoch);
  if (own == producer.finals.end()) return "its final seal";
  if (std::string missing = missing_of(producer, producer.finals); !missing.empty()) return missing;
  for (const ContiguousNumber& one : producer.numbers) {
    const auto place = static_cast<std::size_t>(one.partition.value);
    const std::int64_t last = place < own->last.size() ? own->last[place] : 0;
    if (one.epoch != own->epoch || one.contiguous <= last) continue;
    return "another final seal: number " + number(one.contiguous) + " came above its last one";
  }
  return "";
}

std::vector<std::string> MoveStanding::left() const {
  std::vector<std::string> left;
  for (const FlagRow& flag : breaks) left.push_back("the lineage is broken: " + flag.what);
  for (const ProducerLeft& one : producers) {
    if (!one.waits_for.empty()) left.push_back(one.producer + " waits for " + one.waits_for);
  }
  for (const PartitionLeft& one : partitions) {
    if (one.next == one.end) continue;
    left.push_back("partition " + number(one.partition.value) + " is " +
                   number(one.end - one.next) + " records from its end");
  }
  if (open_redrives > 0) {
    left.push_back(count_of(static_cast<std::size_t>(open_redrives), "redriven event") +
                   " on the way to the old topic");
  }
  return left;
}

std::string MoveStanding::next_action() const {
  if (!breaks.empty()) return "weir-quota lineage show";
  for (const ProducerLeft& one : producers) {
    if (one.waits_for.empty()) continue;
    return one.waits_for.starts_with("number ")
               ? "weir-quota holes list"
               : "start " + one.producer + " again with stream.topic = " + move.topic +
                     ", or: weir-quota producers retire " + one.producer + " --reason TEXT";
  }
  for (const PartitionLeft& one : partitions) {
    if (one.next != one.end) return "see that weir-quota consume runs on " + move.former_topic;
  }
  if (open_redrives > 0) return "weir-quota quarantine list: send or discard what was redriven";
  return "make " + move.former_topic +
         " read-only, stop weir-quota consume, then: weir-quota move finish --reason TEXT --yes";
}

Result<MoveStanding> standing_of(OperatorStore& store, LogLook& former, Deadline deadline) {
  Result<LineageFacts> facts = store.lineage(deadline);
  if (!facts) return std::move(facts).error();
  Result<std::unique_ptr<OperatorTransaction>> tx = store.begin(deadline);
  if (!tx) return std::move(tx).error();
  Result<std::optional<MoveRow>> move = (*tx)->open_move();
  if (!move) return std::move(move).error();
  if (!*move) return Error{ErrorCode::not_found, "no move is declared", "weir-quota move declare"};
  MoveStanding standing{**move, {}, {}, 0, facts->breaks};
  Result<std::vector<ProducerFinals>> producers = (*tx)->all_finals();
  if (!producers) return std::move(producers).error();
  for (const ProducerFinals& one : *producers) {
    standing.producers.push_back({one.producer, waits_for(one)});
  }
  Result<std::int64_t> redrives = (*tx)->open_redrives();
  if (!redrives) return std::move(redrives).error();
  standing.open_redrives = *redrives;
  for (const ProgressRow& row : facts->progress) {
    Result<LogBounds> bounds = former.bounds(row.partition, deadline);
    if (!bounds) return std::move(bounds).error();
    standing.partitions.push_back({row.partition, row.next, bounds->end});
  }
  return standing;
}

Result<FinishPlan> plan_finish(const LineageFacts& facts, const MoveRow& move, LogLook& former,
                               Micros skew, Deadline deadline) {
  Result<std::int32_t> count = former.partition_count(deadline);
  if (!count) return std::move(count).error();
  if (*count != facts.partitions ||
      facts.progress.size() != static_cast<std::size_t>(facts.partitions)) {
    return refused("topic " + facts.topic + " has " + number(*count) + " partitions, " +
                       number(facts.partitions) + " were read, and " +
                       number(static_cast<std::int64_t>(facts.progress.size())) +
                       " have ever been taken by a consumer",
                   "let weir-quota consume read all of it first");
  }
  IncarnationStart start = common_start(facts.progress);
  if (!start.newest_append) {
    return refused("nothing was ever applied of " + facts.topic,
                   "nothing is to be moved: cancel, and set up anew with the other topic");
  }
  const std::int64_t horizon_us = std::max(start.horizon_us, start.restamp_window_us);
  const Looking at{facts, former, *start.newest_append - horizon_us, skew, deadline};
  FinishPlan plan{move, facts.progress, {}};
  Inherited inherited{facts.topic, {}, *start.newest_append};
  for (const ProgressRow& row : facts.progress) {
    Result<LogBounds> bounds = former.bounds(row.partition, deadline);
    if (!bounds) return std::move(bounds).error();
    WEIR_TRY(check_drained(former, row, *bounds, deadline));
    Result<Reach> reach = reach_of(at, row, *bounds);
    if (!reach) return std::move(reach).error();
    inherited.ranges.push_back({reach->from, row.next});
    start.unheld_until = later(start.unheld_until, reach->unheld);
  }
  plan.begins = {Incarnation{facts.incarnation.value + 1},
                 move.topic,
                 facts.cluster_id,
                 "moved",
                 {},
                 std::move(inherited)};
  for (std::size_t q = 0; q < move.starts.size(); ++q) {
    start.partition = PartitionId{static_cast<std::int32_t>(q)};
    start.start = move.starts[q];
    plan.begins.starts.push_back(start);
  }
  return plan;
}

}  // namespace weir
