#include "quota/operator/commands_decide.h"

#include "quota/commands.h"
#include "quota/operator/bulk.h"
#include "quota/operator/postgres_operator_store.h"

namespace weir {
namespace {

/// All that match, a transaction and an audit row a thousand.
ExitCode decide_in_bulk(Database& database, const OperatorArguments& arguments,
                        const Filter& filter, Decide decide) {
  const Decision decision = arguments.decision();
  if (Status whole = check_decision(decision); !whole) return refuse_decision(whole.error());
  Deadline deadline = Deadline::in(kOperatorTimeout);
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return refuse_decision(lease.error());
  Result<Matching> matching = count_matching(**lease, filter, deadline);
  if (!matching) return refuse_decision(matching.error());
  if (matching->count == 0) {
    print_out("nothing open matches\n");
    return ExitCode::done;
  }
  const std::string matches = std::to_string(matching->count);
  if (only_planned(arguments, matches + " match\n", R"({"matching":)" + matches + "}\n")) {
    return ExitCode::done;
  }
  PostgresOperatorStore store(database);
  for (std::int64_t after = 0;;) {
    deadline = Deadline::in(kOperatorTimeout);
    auto ids = matching_ids(**lease, filter, after, matching->last_id, deadline);
    if (!ids) return refuse_decision(ids.error());
    if (ids->empty()) return ExitCode::done;
    after = ids->back();
    Result<Resolution> done = decide(store, decision, *ids, deadline);
    if (!done) return refuse_decision(done.error());
    print_resolution(*done, decision, arguments.json);
  }
}

ExitCode decide_by_id(Database& database, const OperatorArguments& arguments, Decide decide) {
  Result<std::vector<std::int64_t>> ids = read_ids(arguments.ids);
  if (!ids) return refuse_decision(ids.error());
  PostgresOperatorStore store(database);
  const Decision decision = arguments.decision();
  return tell(decide(store, decision, *ids, Deadline::in(kOperatorTimeout)), decision, arguments);
}

ExitCode decide_some(const QuotaOptions& options, const OperatorArguments& arguments,
                     const Result<Filter>& filter, Decide decide) {
  if (arguments.filtered() && !arguments.ids.empty()) {
    return refuse_decision(
        {ErrorCode::invalid, "ids and filters at once", "choose by one of them"});
  }
  if (!filter) return refuse_decision(filter.error());
  auto database = open_for_operator(options, Deadline::in(kOperatorTimeout));
  if (!database) return refuse_decision(database.error());
  if (arguments.filtered()) return decide_in_bulk(**database, arguments, *filter, decide);
  return decide_by_id(**database, arguments, decide);
}

}  // namespace

ExitCode tell(const Result<Resolution>& done, const Decision& decision,
              const OperatorArguments& arguments) {
  if (!done) return refuse_decision(done.error());
  print_resolution(*done, decision, arguments.json);
  return ExitCode::done;
}

bool only_planned(const OperatorArguments& arguments, const std::string& text,
                  const std::string& json) {
  if (arguments.yes) return false;
  print_out(arguments.json ? json : text + "\nnothing was done: add --yes to do it\n");
  return true;
}

ExitCode decide_command(const QuotaOptions& options, const OperatorArguments& arguments,
                        Decide decide) {
  auto database = open_for_operator(options, Deadline::in(kOperatorTimeout));
  if (!database) return refuse_decision(database.error());
  return decide_by_id(**database, arguments, decide);
}

ExitCode quarantine_discard_command(const QuotaOptions& options,
                                    const OperatorArguments& arguments) {
  return decide_some(options, arguments, quarantine_filter(arguments), discard_quarantine);
}

ExitCode unprovable_command(const QuotaOptions& options, const OperatorArguments& arguments,
                            bool accept) {
  return decide_some(options, arguments, unprovable_filter(arguments),
                     accept ? accept_unprovable : discard_unprovable);
}

ExitCode retire_command(const QuotaOptions& options, const OperatorArguments& arguments) {
  auto database = open_for_operator(options, Deadline::in(kOperatorTimeout));
  if (!database) return refuse_decision(database.error());
  PostgresOperatorStore store(**database);
  const Decision decision = arguments.decision();
  return tell(retire_producer(store, decision, arguments.id, Deadline::in(kOperatorTimeout)),
              decision, arguments);
}

}  // namespace weir
