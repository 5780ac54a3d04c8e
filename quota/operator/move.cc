// The three decisions of a move (move.h), one transaction each.
#include "quota/operator/move.h"

#include "base/crash_point.h"
#include "base/json_writer.h"
#include "quota/operator/deciding.h"

#include <algorithm>

namespace weir {
namespace {

Error not_done(const std::string& why, const std::string& remedy) {
  return Error{ErrorCode::conflict, "not done: " + why, remedy};
}

Error changed(const std::string& what) {
  return Error{ErrorCode::conflict, "not moved: " + what + " since the plan was made",
               "look again: weir-quota move show"};
}

Result<MoveRow> declared(OperatorTransaction& tx) {
  Result<std::optional<MoveRow>> move = tx.open_move();
  if (!move) return std::move(move).error();
  if (*move) return **move;
  return Error{ErrorCode::conflict, "no move is declared, or it was settled already",
               "weir-quota audit list says by whom"};
}

std::string detail_of(const NewMove& move) {
  JsonWriter json;
  json.begin_object().field("incarnation", move.incarnation.value);
  json.field("from", move.former_topic).field("to", move.topic);
  json.field("partitions", static_cast<std::int64_t>(move.starts.size()));
  return json.end_object().text();
}

std::string detail_of(const FinishPlan& plan) {
  const Inherited& inherited = *plan.begins.inherits;
  JsonWriter json;
  json.begin_object().field("incarnation", plan.begins.incarnation.value);
  json.field("from", inherited.topic).field("to", plan.begins.topic);
  json.field("partitions", static_cast<std::int64_t>(plan.begins.starts.size()));
  json.key("ended_at").begin_array();
  for (const ProgressRow& row : plan.former) json.value(row.next.value);
  json.end_array().key("inherited_from").begin_array();
  for (const InheritedRange& range : inherited.ranges) json.value(range.from.value);
  json.end_array();
  const std::optional<AppendTime>& unheld = plan.begins.starts.front().unheld_until;
  if (unheld) json.field("unheld_until_us", unheld->value);
  return json.end_object().text();
}

/// The rows that were ended are those of the plan, and the log ends where they do: nobody wrote to the
/// old topic since the plan was made, and nobody reads on.
Status check_ended(const FinishPlan& plan, const std::vector<ProgressRow>& ended, LogLook& former,
                   Deadline deadline) {
  if (ended.size() != plan.former.size()) return changed("the partitions changed");
  for (std::size_t p = 0; p < ended.size(); ++p) {
    const std::string at = "partition " + std::to_string(ended[p].partition.value);
    if (ended[p].next != plan.former[p].next) return changed(at + " was read further");
    Result<LogBounds> bounds = former.bounds(ended[p].partition, deadline);
    if (!bounds) return bounds.error();
    if (bounds->end != ended[p].next) return changed(at + " of the old topic was written to");
  }
  return Status();
}

/// Behind the fence nothing of this is applied any more.
Status check_producers(OperatorTransaction& tx, const MoveRow& move) {
  Result<std::vector<ProducerFinals>> producers = tx.all_finals();
  if (!producers) return producers.error();
  for (const ProducerFinals& producer : *producers) {
    const std::string waits = waits_for(producer);
    if (waits.empty()) continue;
    return not_done(producer.producer + " waits for " + waits + " in " + move.former_topic,
                    "weir-quota move show says what to do");
  }
  Result<std::int64_t> redrives = tx.open_redrives();
  if (!redrives) return redrives.error();
  if (*redrives == 0) return Status();
  return not_done(
      std::to_string(*redrives) + " redriven events are on their way to " + move.former_topic,
      "weir-quota quarantine list: send or discard them");
}

Status check_lineage(OperatorTransaction& tx, Incarnation ends) {
  Result<std::vector<FlagRow>> flags = tx.lineage_flags(ends);
  if (!flags) return flags.error();
  if (flags->empty()) return Status();
  return not_done("the lineage is broken: " + flags->front().what, "weir-quota lineage show");
}

}  // namespace

Result<Resolution> declare_move(OperatorStore& store, const Decision& decision, const NewMove& move,
                                Deadline deadline) {
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  OperatorTransaction& tx = **deciding;
  Result<std::pair<Incarnation, std::int32_t>> present = tx.incarnation();
  if (!present) return std::move(present).error();
  if (present->first != move.incarnation) return changed("another incarnation began");
  Result<std::optional<MoveRow>> open = tx.open_move();
  if (!open) return std::move(open).error();
  if (*open) {
    return not_done(
        "a move to topic " + (*open)->topic + " was declared by " + (*open)->declared_by,
        "finish it or cancel it first: weir-quota move show");
  }
  Result<std::int64_t> id = tx.declare_move(move, decision);
  if (!id) return std::move(id).error();
  const auto partitions = static_cast<std::size_t>(move.starts.size());
  return deciding->finish(
      {"move declare", detail_of(move), ""},
      {"the stream moves from topic " + move.former_topic + " to " + move.topic + ", " +
           count_of(partitions, "partition"),
       "from now on no barrier is written and nothing is closed",
       "start every producer again with stream.topic = " + move.topic + " and its spool",
       "weir-quota move show says who is left"});
}

Result<Resolution> cancel_move(OperatorStore& store, const Decision& decision,
                               const std::optional<NewTopic>& topic, Deadline deadline) {
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  OperatorTransaction& tx = **deciding;
  Result<MoveRow> move = declared(tx);
  if (!move) return std::move(move).error();
  if (topic && !topic->empty()) {
    return not_done("topic " + move->topic +
                        " holds records already: a producer has switched, and nobody would read "
                        "what it accepted",
                    "finish the move: weir-quota move show");
  }
  WEIR_TRY(tx.settle_move(move->id, "cancelled", decision));
  return deciding->finish(
      {"move cancel", detail_of({move->incarnation, move->former_topic, move->topic, move->starts}),
       ""},
      {"the stream stays in topic " + move->former_topic});
}

Result<Resolution> finish_move(OperatorStore& store, const Decision& decision,
                               const FinishPlan& plan, LogLook& former, Deadline deadline) {
  const Incarnation ends{plan.begins.incarnation.value - 1};
  Result<Deciding> deciding = Deciding::begin(store, decision, deadline);
  if (!deciding) return std::move(deciding).error();
  OperatorTransaction& tx = **deciding;
  Result<std::pair<Incarnation, std::int32_t>> present = tx.incarnation();
  if (!present) return std::move(present).error();
  if (present->first != ends) return changed("another incarnation began");
  Result<MoveRow> move = declared(tx);
  if (!move) return std::move(move).error();
  if (move->id != plan.move.id) return changed("another move was declared");
  // From here on whoever still consumes the old topic moves nothing.
  Result<std::vector<ProgressRow>> ended = tx.end_progress(ends);
  if (!ended) return std::move(ended).error();
  WEIR_TRY(check_ended(plan, *ended, former, deadline));
  WEIR_TRY(check_producers(tx, *move));
  WEIR_TRY(check_lineage(tx, ends));
  WEIR_TRY(tx.begin_incarnation(plan.begins, decision));
  WEIR_TRY(tx.settle_move(move->id, "finished", decision));

  const Inherited& inherited = *plan.begins.inherits;
  return deciding->finish(
      {"move finish", detail_of(plan), ""},
      {"incarnation " + std::to_string(plan.begins.incarnation.value) + " begins on topic " +
           plan.begins.topic + ", " + count_of(plan.begins.starts.size(), "partition"),
       "set stream.topic = " + plan.begins.topic + " for weir-quota and weir-billing, and start " +
           "weir-quota consume",
       "keep topic " + inherited.topic + " until weir-quota consume has said \"inheritance is " +
           "whole\": it reads the last " + std::to_string(inherited.length()) +
           " records of it again, for copies that come late"});
}

}  // namespace weir
