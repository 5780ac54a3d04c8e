#include "quota/operator/adopt.h"

#include "base/json_writer.h"
#include "quota/operator/deciding.h"

#include <algorithm>

namespace weir {
namespace {

Error moved(const std::string& what) {
  return Error{ErrorCode::conflict, "not adopted: " + what + " since the plan was made",
               "stop weir-quota consume everywhere, then again: weir-quota lineage show"};
}

bool same_anchor(const std::optional<Anchor>& a, const std::optional<Anchor>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->offset == b->offset && a->digest == b->digest;
}

/// The rows that were ended are the ones that the plan was made from.
Status check_unmoved(const AdoptionPlan& plan, const std::vector<ProgressRow>& ended) {
  for (const ProgressRow& row : ended) {
    const auto planned = std::ranges::find(plan.partitions, row.partition,
                                           [](const PartitionPlan& p) { return p.partition; });
    const std::string name = "partition " + std::to_string(row.partition.value);
    if (planned == plan.partitions.end()) return moved(name + " appeared");
    if (planned->former.next != row.next || !same_anchor(planned->former.anchor, row.anchor)) {
      return moved(name + " was read further, to offset " + std::to_string(row.next.value));
    }
  }
  return Status();
}

/// Of the incarnation that ends: what its log held from here on and nobody read. How much that was,
/// nobody knows; a range names a place, so one offset stands for it where nothing else is known.
std::vector<NewGap> gaps_of(const AdoptionPlan& plan) {
  const Incarnation ended{plan.begins.incarnation.value - 1};
  std::vector<NewGap> gaps;
  for (const PartitionPlan& partition : plan.partitions) {
    const Offset from = std::min(partition.start.start, partition.former.next);
    const bool truncated = partition.what == "truncated" && from < partition.former.next;
    NewGap gap;
    gap.incarnation = ended;
    gap.partition = partition.partition;
    gap.from = truncated ? from : partition.former.next;
    gap.to = truncated ? partition.former.next : partition.former.next + 1;
    gap.reason = partition.lost.empty()
                     ? "incarnation " + std::to_string(ended.value) +
                           " ends here; nothing of this partition is known to be lost"
                     : partition.lost;
    gaps.push_back(std::move(gap));
  }
  return gaps;
}

void put(JsonWriter& json, const PartitionPlan& plan) {
  json.begin_object().field("partition", plan.partition.value).field("what", plan.what);
  json.field("former_next", plan.former.next.value).field("start", plan.start.start.value);
  if (plan.start.anchor) {
    json.field("anchor_offset", plan.start.anchor->offset.value);
    json.field("anchor_digest", plan.start.anchor->digest);
  }
  if (plan.start.unheld_until) json.field("unheld_until_us", plan.start.unheld_until->value);
  json.end_object();
}

void put_cleared(JsonWriter& json, const std::vector<FlagRow>& flags) {
  json.key("cleared").begin_array();
  for (const FlagRow& flag : flags) json.value(flag.what);
  json.end_array();
}

std::string detail_of(const AdoptionPlan& plan, const std::vector<FlagRow>& cleared) {
  JsonWriter json;
  json.begin_object().field("incarnation", plan.begins.incarnation.value);
  json.field("why", plan.begins.why).field("topic", plan.begins.topic);
  json.field("cluster_id", plan.begins.cluster_id).key("partitions").begin_array();
  for (const PartitionPlan& partition : plan.partitions) put(json, partition);
  put_cleared(json.end_array(), cleared);
  return json.end_object().text();
}

std::string worth_of(const AdoptionPlan& plan) {
  std::int64_t gone = 0;
  for (const PartitionPlan& partition : plan.partitions) {
    if (partition.what != "truncated") continue;
    gone += partition.former.next.value - partition.start.start.value;
  }
  return "unread records that the old log lost: nobody knows; applied ones that it lost: at most " +
         std::to_string(gone);
}

Status write(OperatorTransaction& tx, const AdoptionPlan& plan, const std::vector<FlagRow>& cleared,
             const Decision& decision) {
  WEIR_TRY(tx.begin_incarnation(plan.begins, decision));
  WEIR_TRY(tx.add_gaps(gaps_of(plan)));
  std::vector<std::int64_t> flags;
  for (const FlagRow& flag : cleared) flags.push_back(flag.id);
  if (flags.empty()) return Status();
  return tx.clear_flags(flags, decision);
}

/// Why the log cannot be called the one that was read; nullopt when it can be.
std::optional<std::string> not_the_same(const LineageFacts& facts, const AdoptionPlan& plan) {
  if (plan.begins.cluster_id != facts.cluster_id) {
    return "the cluster is " + plan.begins.cluster_id + ", it was " + facts.cluster_id;
  }
  for (const PartitionPlan& partition : plan.partitions) {
    if (partition.what == "unbroken" || partition.what == "never applied") continue;
    return "partition " + std::to_string(partition.partition.value) + " is " + partition.what;
  }
  return std::nullopt;
}

}  // namespace

bool is_the_same(const LineageFacts& facts, const AdoptionPlan& plan) {
  return !not_the_same(facts, plan);
}

Result<Resolution> confirm_lineage(OperatorStore& store, const Decision& decision,
                                   const LineageFacts& facts, const AdoptionPlan& plan,
                                   Deadline deadline) {
  if (const auto why = not_the_same(facts, plan)) {
    return Error{ErrorCode::conflict, "not confirmed: " + *why,
                 "bring the old log back, or: weir-quota lineage adopt"};
  }
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  OperatorTransaction& tx = **deciding;
  Result<std::pair<Incarnation, std::int32_t>> present = tx.incarnation();
  if (!present) return std::move(present).error();
  if (present->first != facts.incarnation) {
    return moved("incarnation " + std::to_string(present->first.value) + " began");
  }
  // Those that were looked at: a break that is found meanwhile is another one.
  std::vector<std::int64_t> ids;
  for (const FlagRow& flag : plan.breaks) ids.push_back(flag.id);
  if (!ids.empty()) WEIR_TRY(tx.clear_flags(ids, decision));
  JsonWriter json;
  put_cleared(json.begin_object(), plan.breaks);
  return deciding->finish(
      {"lineage confirm", json.end_object().text(), ""},
      {"the log is the one that was read: " + count_of(ids.size(), "lineage flag") + " cleared",
       "restart weir-quota consume where it ended"});
}

Result<Resolution> adopt_lineage(OperatorStore& store, const Decision& decision,
                                 const AdoptionPlan& plan, Deadline deadline) {
  const Incarnation ends{plan.begins.incarnation.value - 1};
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  OperatorTransaction& tx = **deciding;
  Result<std::pair<Incarnation, std::int32_t>> present = tx.incarnation();
  if (!present) return std::move(present).error();
  if (present->first != ends) {
    return moved("incarnation " + std::to_string(present->first.value) + " began");
  }
  if (static_cast<std::size_t>(present->second) != plan.partitions.size()) {
    return moved("the partition count changed");
  }
  // From here on whoever still consumes the old incarnation moves nothing.
  Result<std::vector<ProgressRow>> ended = tx.end_progress(ends);
  if (!ended) return std::move(ended).error();
  WEIR_TRY(check_unmoved(plan, *ended));
  Result<std::vector<FlagRow>> cleared = tx.lineage_flags(ends);
  if (!cleared) return std::move(cleared).error();
  WEIR_TRY(write(tx, plan, *cleared, decision));

  const std::string number = std::to_string(plan.begins.incarnation.value);
  return deciding->finish(
      {"lineage adopt", detail_of(plan, *cleared), worth_of(plan)},
      {"incarnation " + number + " begins (" + plan.begins.why + "), " +
           count_of(plan.partitions.size(), "partition") + "; " +
           count_of(cleared->size(), "lineage flag") + " cleared",
       "a gap a partition blocks every close until it is accepted: weir-quota gaps list",
       "restart weir-quota consume: it goes on in the new incarnation"});
}

}  // namespace weir
