#include "quota/operator/bulk.h"

#include <algorithm>

namespace weir {
namespace {

Error no_such_filter(const std::string& name) {
  return Error{ErrorCode::invalid, name + " does not choose among these", "--help lists what does"};
}

/// `column OP $n`, with the value behind those that stand.
void narrow(Filter& filter, const std::string& test, const std::string& value) {
  filter.values.push_back(value);
  filter.where += " AND " + test + " $" + std::to_string(filter.values.size() + 2);
}

Status narrow_time(Filter& filter, const std::string& test, const std::string& time) {
  if (time.empty()) return Status();
  Result<std::int64_t> at_us = parse_rfc3339(time);
  if (!at_us) return at_us.error().within("'" + time + "'");
  narrow(filter, test, std::to_string(*at_us));
  return Status();
}

Params params_of(const Filter& filter, std::int64_t after, std::int64_t last_id) {
  Params params;
  params.integer(after).integer(last_id);
  for (const std::string& value : filter.values) params.text(value);
  return params;
}

}  // namespace

Result<Filter> quarantine_filter(const OperatorArguments& arguments) {
  if (!arguments.source.empty()) return no_such_filter("--source");
  if (!arguments.subscription.empty()) return no_such_filter("--subscription");
  Filter filter{"quota.quarantine", "resolved_at_us IS NULL", {}};
  for (const std::string& where : arguments.where) {
    if (!where.starts_with("reason=")) return no_such_filter("--where " + where);
    narrow(filter, "reason =", where.substr(7));
  }
  if (arguments.partition >= 0) {
    narrow(filter, "partition =", std::to_string(arguments.partition));
  }
  WEIR_TRY(narrow_time(filter, "opened_at_us >=", arguments.since));
  WEIR_TRY(narrow_time(filter, "opened_at_us <", arguments.until));
  return filter;
}

Result<Filter> unprovable_filter(const OperatorArguments& arguments) {
  Filter filter{"quota.unprovable", "accepted_at_us IS NULL", {}};
  if (!arguments.source.empty()) narrow(filter, "source =", arguments.source);
  if (!arguments.subscription.empty()) narrow(filter, "subscription =", arguments.subscription);
  if (arguments.partition >= 0) {
    narrow(filter, "partition =", std::to_string(arguments.partition));
  }
  WEIR_TRY(narrow_time(filter, "event_time_us >=", arguments.since));
  WEIR_TRY(narrow_time(filter, "event_time_us <", arguments.until));
  return filter;
}

Result<Matching> count_matching(Connection& connection, const Filter& filter, Deadline deadline) {
  Result<Rows> rows =
      connection.run("SELECT count(*), coalesce(max(id), 0) FROM " + std::string(filter.table) +
                         " WHERE id > $1 AND id <= $2 AND " + filter.where,
                     params_of(filter, 0, INT64_MAX), deadline);
  if (!rows) return std::move(rows).error();
  return Matching{static_cast<std::size_t>(rows->integer(0, 0)), rows->integer(0, 1)};
}

Result<std::vector<std::int64_t>> matching_ids(Connection& connection, const Filter& filter,
                                               std::int64_t after, std::int64_t last_id,
                                               Deadline deadline) {
  Result<Rows> rows = connection.run("SELECT id FROM " + std::string(filter.table) +
                                         " WHERE id > $1 AND id <= $2 AND " + filter.where +
                                         " ORDER BY id LIMIT 1000",
                                     params_of(filter, after, last_id), deadline);
  if (!rows) return std::move(rows).error();
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back(rows->integer(i, 0));
  return ids;
}

}  // namespace weir
