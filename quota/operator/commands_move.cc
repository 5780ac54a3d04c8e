// move declare, show, finish, cancel: to another topic (R2).
#include "base/json_writer.h"
#include "base/text_table.h"
#include "ingest/connect/connect.h"
#include "quota/operator/commands_decide.h"
#include "quota/operator/move.h"
#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/stream_log_look.h"

namespace weir {
namespace {

struct Looked {
  std::unique_ptr<Database> database;
  std::unique_ptr<PostgresOperatorStore> store;
  LineageFacts facts;
  std::unique_ptr<StreamLog> former;  // the topic that is read now
};

Result<Looked> look(const QuotaOptions& options, Deadline deadline) {
  Looked looked;
  auto database = open_for_operator(options, deadline);
  if (!database) return std::move(database).error();
  looked.database = *std::move(database);
  looked.store = std::make_unique<PostgresOperatorStore>(*looked.database);
  auto facts = looked.store->lineage(deadline);
  if (!facts) return std::move(facts).error();
  looked.facts = *std::move(facts);
  auto log = connect_log(options.stream);
  if (!log) return std::move(log).error();
  looked.former = *std::move(log);
  return looked;
}

Result<NewTopic> describe(const QuotaOptions& options, const std::string& topic,
                          Deadline deadline) {
  auto log = connect_log(options.stream.with_topic(topic));
  if (!log) return std::move(log).error();
  auto found = (*log)->describe(deadline);
  if (!found && found.error().code == ErrorCode::not_found) {
    return Error{
        ErrorCode::not_found, "topic " + topic + " is not there",
        "make it first: weir-ingest topic create --partitions N, with stream.topic = " + topic};
  }
  if (!found) return std::move(found).error();
  auto bounds = (*log)->all_bounds(found->partitions, deadline);
  if (!bounds) return std::move(bounds).error();
  return NewTopic{topic, found->cluster_id, found->timestamp_type, found->cleanup_policy,
                  *std::move(bounds)};
}

std::string standing_text(const MoveStanding& standing) {
  const MoveRow& move = standing.move;
  std::string text = "from topic   " + move.former_topic + "\nto topic     " + move.topic + ", " +
                     std::to_string(move.starts.size()) + " partitions\ndeclared     " +
                     format_rfc3339(move.declared_at_us) + " by " + move.declared_by + ": " +
                     move.reason + "\n\n";
  TextTable partitions({"partition", "applied up to", "ends at", "left"});
  for (const PartitionLeft& one : standing.partitions) {
    partitions.add({std::to_string(one.partition.value), std::to_string(one.next.value),
                    std::to_string(one.end.value), std::to_string(one.end - one.next)});
  }
  TextTable producers({"producer", "in the old topic"});
  for (const ProducerLeft& one : standing.producers) {
    producers.add({one.producer, one.waits_for.empty() ? "done" : "waits for " + one.waits_for});
  }
  text += partitions.text() + "\n" + producers.text() + "\n";
  for (const std::string& reason : standing.left()) text += "NOT YET " + reason + "\n";
  return text + (standing.left().empty() ? "" : "\n") + "next: " + standing.next_action() +
         "\nproducers that do not number tell nothing: see yourself that they write to " +
         move.topic + "\n";
}

std::string standing_json(const MoveStanding& standing) {
  JsonWriter json;
  json.begin_object().field("from", standing.move.former_topic).field("to", standing.move.topic);
  json.field("declared_at", format_rfc3339(standing.move.declared_at_us));
  json.field("by", standing.move.declared_by).field("reason", standing.move.reason);
  json.key("partitions").begin_array();
  for (const PartitionLeft& one : standing.partitions) {
    json.begin_object().field("partition", one.partition.value).field("next", one.next.value);
    json.field("end", one.end.value).end_object();
  }
  json.end_array().key("producers").begin_array();
  for (const ProducerLeft& one : standing.producers) {
    json.begin_object().field("producer", one.producer);
    json.field("waits_for", one.waits_for).end_object();
  }
  json.end_array().key("left").begin_array();
  for (const std::string& reason : standing.left()) json.value(reason);
  json.end_array().field("next_action", standing.next_action());
  return json.end_object().text() + "\n";
}

std::string plan_text(const FinishPlan& plan) {
  const Inherited& inherited = *plan.begins.inherits;
  std::string text =
      "finishing would end topic " + inherited.topic + " here, and begin incarnation " +
      std::to_string(plan.begins.incarnation.value) + " on topic " + plan.begins.topic + ":\n";
  TextTable table({"partition", "ends at", "copies are known from offset"});
  for (std::size_t p = 0; p < inherited.ranges.size(); ++p) {
    table.add({std::to_string(p), std::to_string(inherited.ranges[p].to.value),
               std::to_string(inherited.ranges[p].from.value)});
  }
  text += table.text();
  const std::optional<AppendTime>& unheld = plan.begins.starts.front().unheld_until;
  return text + (unheld ? "events from before about " + format_rfc3339(unheld->value) +
                              " will be unprovable\n"
                        : "every copy of what was ever applied will be recognised\n");
}

std::string plan_json(const FinishPlan& plan) {
  const Inherited& inherited = *plan.begins.inherits;
  JsonWriter json;
  json.begin_object().field("incarnation", plan.begins.incarnation.value);
  json.field("from", inherited.topic).field("to", plan.begins.topic);
  json.key("partitions").begin_array();
  for (std::size_t p = 0; p < inherited.ranges.size(); ++p) {
    json.begin_object().field("partition", static_cast<std::int64_t>(p));
    json.field("end", inherited.ranges[p].to.value);
    json.field("known_from", inherited.ranges[p].from.value).end_object();
  }
  json.end_array();
  const std::optional<AppendTime>& unheld = plan.begins.starts.front().unheld_until;
  if (unheld) json.field("unprovable_before", format_rfc3339(unheld->value));
  return json.end_object().text() + "\n";
}

std::string declared_json(const NewMove& move, std::int32_t partitions) {
  JsonWriter json;
  json.begin_object().field("from", move.former_topic).field("from_partitions", partitions);
  json.field("to", move.topic);
  json.field("to_partitions", static_cast<std::int64_t>(move.starts.size()));
  return json.end_object().text() + "\n";
}

}  // namespace

ExitCode move_declare_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const Decision decision = arguments.decision();
  if (Status whole = check_decision(decision); !whole) return refuse_decision(whole.error());
  if (arguments.topic.empty()) {
    return refuse_decision({ErrorCode::invalid, "no topic is named", "say --topic NEW"});
  }
  const auto looked = look(options, deadline);
  if (!looked) return refuse_decision(looked.error());
  const auto topic = describe(options, arguments.topic, deadline);
  if (!topic) return refuse_decision(topic.error());
  const auto move = plan_move(looked->facts, *topic);
  if (!move) return refuse_decision(move.error());
  const std::string plan = "the stream would move from topic " + move->former_topic + " to " +
                           move->topic + ", from " + std::to_string(looked->facts.partitions) +
                           " partitions to " + std::to_string(move->starts.size()) +
                           "; until it is finished nothing is closed\n";
  if (only_planned(arguments, plan, declared_json(*move, looked->facts.partitions)))
    return ExitCode::done;
  return tell(declare_move(*looked->store, decision, *move, deadline), decision, arguments);
}

ExitCode move_show_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const auto looked = look(options, deadline);
  if (!looked) return refuse_decision(looked.error());
  StreamLogLook former(*looked->former);
  const auto standing = standing_of(*looked->store, former, deadline);
  if (!standing && standing.error().code == ErrorCode::not_found) {
    print_out(arguments.json ? "{}\n" : "no move is declared\n");
    return ExitCode::done;
  }
  if (!standing) return refuse_decision(standing.error());
  print_out(arguments.json ? standing_json(*standing) : standing_text(*standing));
  return ExitCode::done;
}

ExitCode move_finish_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const Decision decision = arguments.decision();
  if (Status whole = check_decision(decision); !whole) return refuse_decision(whole.error());
  const auto looked = look(options, deadline);
  if (!looked) return refuse_decision(looked.error());
  StreamLogLook former(*looked->former);
  const auto standing = standing_of(*looked->store, former, deadline);
  if (!standing) return refuse_decision(standing.error());
  if (const auto left = standing->left(); !left.empty()) {
    return refuse_decision({ErrorCode::conflict, "the move is not finished: " + left.front(),
                            standing->next_action()});
  }
  const auto topic = describe(options, standing->move.topic, deadline);
  if (!topic) return refuse_decision(topic.error());
  if (topic->partitions.size() != standing->move.starts.size()) {
    return refuse_decision({ErrorCode::conflict,
                            "topic " + topic->topic + " has " +
                                std::to_string(topic->partitions.size()) + " partitions, and " +
                                std::to_string(standing->move.starts.size()) + " when the move " +
                                "was declared",
                            "copies of an event would come in other partitions than before: put "
                            "the topic back"});
  }
  const Micros skew = std::max(options.loop.identity.skew, options.decided.permitted_future);
  const auto plan = plan_finish(looked->facts, standing->move, former, skew, deadline);
  if (!plan) return refuse_decision(plan.error());
  if (only_planned(arguments, plan_text(*plan), plan_json(*plan))) return ExitCode::done;
  return tell(finish_move(*looked->store, decision, *plan, former, deadline), decision, arguments);
}

ExitCode move_cancel_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const Decision decision = arguments.decision();
  if (Status whole = check_decision(decision); !whole) return refuse_decision(whole.error());
  const auto looked = look(options, deadline);
  if (!looked) return refuse_decision(looked.error());
  StreamLogLook former(*looked->former);
  const auto standing = standing_of(*looked->store, former, deadline);
  if (!standing) return refuse_decision(standing.error());
  const auto topic = describe(options, standing->move.topic, deadline);
  if (!topic && topic.error().code != ErrorCode::not_found) return refuse_decision(topic.error());
  const std::optional<NewTopic> found = topic ? std::optional(*topic) : std::nullopt;
  return tell(cancel_move(*looked->store, decision, found, deadline), decision, arguments);
}

}  // namespace weir
