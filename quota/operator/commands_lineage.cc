// lineage show, confirm, adopt: is the log the one that was read, and what if not (R1).
#include "base/json_writer.h"
#include "base/text_table.h"
#include "ingest/connect/connect.h"
#include "quota/operator/adopt.h"
#include "quota/operator/commands_decide.h"
#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/stream_log_look.h"

namespace weir {
namespace {

Result<AdoptionPlan> make_plan(const QuotaOptions& options, const LineageFacts& facts,
                               Deadline deadline) {
  Result<std::unique_ptr<StreamLog>> log = connect_log(options.stream);
  if (!log) return std::move(log).error();
  StreamLogLook look(**log);
  return plan_adoption(facts, look, deadline);
}

std::string anchor_text(const std::optional<Anchor>& anchor) {
  if (!anchor) return "none";
  return std::to_string(anchor->offset.value) + " of " + format_rfc3339(anchor->append_time.value);
}

std::string facts_text(const LineageFacts& facts) {
  std::string text = "topic        " + facts.topic + "\ncluster      " + facts.cluster_id +
                     "\nincarnation  " + std::to_string(facts.incarnation.value) + ", " +
                     std::to_string(facts.partitions) + " partitions\n\n";
  TextTable table({"partition", "applied up to", "newest anchor", "anchors kept"});
  for (const ProgressRow& row : facts.progress) {
    const auto place = static_cast<std::size_t>(row.partition.value);
    const std::size_t kept = place < facts.anchors.size() ? facts.anchors[place].size() : 0;
    table.add({std::to_string(row.partition.value), std::to_string(row.next.value),
               anchor_text(row.anchor), std::to_string(kept)});
  }
  text += facts.progress.empty() ? "nothing was read yet\n" : table.text();
  text += "\n";
  for (const FlagRow& flag : facts.breaks) {
    text += "BROKEN " +
            (flag.partition ? "partition " + std::to_string(flag.partition->value) : "everywhere") +
            ": " + flag.what + "\n";
  }
  return facts.breaks.empty() ? text + "no lineage break is open\n" : text;
}

std::string plan_text(const AdoptionPlan& plan) {
  std::string text = "adopting would begin incarnation " +
                     std::to_string(plan.begins.incarnation.value) + " (" + plan.begins.why +
                     "):\n";
  TextTable table({"partition", "what it is", "applied up to", "goes on at", "anchor that holds"});
  for (const PartitionPlan& one : plan.partitions) {
    table.add({std::to_string(one.partition.value), one.what, std::to_string(one.former.next.value),
               std::to_string(one.start.start.value), anchor_text(one.start.anchor)});
  }
  text += table.text();
  for (const PartitionPlan& one : plan.partitions) {
    if (one.lost.empty()) continue;
    text += "partition " + std::to_string(one.partition.value) + ": " + one.lost + "\n";
  }
  return text;
}

std::string plan_json(const AdoptionPlan& plan) {
  JsonWriter json;
  json.begin_object().field("incarnation", plan.begins.incarnation.value);
  json.field("why", plan.begins.why).key("partitions").begin_array();
  for (const PartitionPlan& one : plan.partitions) {
    json.begin_object().field("partition", one.partition.value).field("what", one.what);
    json.field("former_next", one.former.next.value).field("start", one.start.start.value);
    json.field("lost", one.lost).end_object();
  }
  json.end_array().key("breaks").begin_array();
  for (const FlagRow& flag : plan.breaks) json.value(flag.what);
  return json.end_array().end_object().text() + "\n";
}

struct Looked {
  std::unique_ptr<Database> database;
  LineageFacts facts;
};

Result<Looked> look(const QuotaOptions& options, Deadline deadline) {
  Looked looked;
  auto database = open_for_operator(options, deadline);
  if (!database) return std::move(database).error();
  looked.database = *std::move(database);
  auto facts = PostgresOperatorStore(*looked.database).lineage(deadline);
  if (!facts) return std::move(facts).error();
  looked.facts = *std::move(facts);
  return looked;
}

struct Planned {
  Looked looked;
  AdoptionPlan plan;
};

Result<Planned> look_and_plan(const QuotaOptions& options, const Decision& decision,
                              Deadline deadline) {
  WEIR_TRY(check_decision(decision));
  auto looked = look(options, deadline);
  if (!looked) return std::move(looked).error();
  auto plan = make_plan(options, looked->facts, deadline);
  if (!plan) return std::move(plan).error();
  return Planned{*std::move(looked), *std::move(plan)};
}

}  // namespace

ExitCode lineage_show_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const auto looked = look(options, deadline);
  if (!looked) return refuse_decision(looked.error());
  const auto plan = make_plan(options, looked->facts, deadline);
  if (arguments.json) {
    if (!plan) return refuse_decision(plan.error());
    print_out(plan_json(*plan));
    return ExitCode::done;
  }
  print_out(facts_text(looked->facts));
  if (!plan) {
    print_out("\n" + plan.error().text() + "\n");
    return plan.error().code == ErrorCode::conflict ? ExitCode::done : exit_code_of(plan.error());
  }
  print_out("\n" + plan_text(*plan) + "\n");
  print_out(is_the_same(looked->facts, *plan)
                ? "the log is the one that was read: weir-quota lineage confirm --reason TEXT\n"
                : "stop weir-quota consume, then: weir-quota lineage adopt --reason TEXT --yes\n");
  return ExitCode::done;
}

ExitCode lineage_confirm_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const Decision decision = arguments.decision();
  const auto planned = look_and_plan(options, decision, deadline);
  if (!planned) return refuse_decision(planned.error());
  PostgresOperatorStore store(*planned->looked.database);
  return tell(confirm_lineage(store, decision, planned->looked.facts, planned->plan, deadline),
              decision, arguments);
}

ExitCode lineage_adopt_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  const Deadline deadline = Deadline::in(kOperatorTimeout);
  const Decision decision = arguments.decision();
  const auto planned = look_and_plan(options, decision, deadline);
  if (!planned) return refuse_decision(planned.error());
  const AdoptionPlan& plan = planned->plan;
  if (only_planned(arguments, plan_text(plan), plan_json(plan))) return ExitCode::done;
  PostgresOperatorStore store(*planned->looked.database);
  return tell(adopt_lineage(store, decision, plan, deadline), decision, arguments);
}

}  // namespace weir
