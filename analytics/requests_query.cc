// /v1/requests: the rows behind the numbers.
#include "analytics/engine.h"

#include <algorithm>
#include <iterator>

namespace weir {
namespace {

struct ShownColumn {
  const char* name;
  const char* sql;
  Table::Kind kind;
};

constexpr ShownColumn kShown[] = {
    {"time", "time_us", Table::Kind::time},
    {"id", "id", Table::Kind::text},
    {"source", "source", Table::Kind::text},
    {"subscription", "subscription", Table::Kind::text},
    {"units", "units", Table::Kind::integer},
    {"api", "api", Table::Kind::text},
    {"route", "route", Table::Kind::text},
    {"method", "method", Table::Kind::text},
    {"status", "status", Table::Kind::integer},
    {"path", "path", Table::Kind::text},
    {"latency_us", "latency_us", Table::Kind::integer},
    {"upstream_latency_us", "upstream_latency_us", Table::Kind::integer},
    {"request_bytes", "request_bytes", Table::Kind::integer},
    {"response_bytes", "response_bytes", Table::Kind::integer},
    {"client", "client", Table::Kind::text},
    {"country", "country", Table::Kind::text},
    {"user_agent", "user_agent", Table::Kind::text},
    {"gateway", "gateway", Table::Kind::text},
    {"error", "error", Table::Kind::text},
    {"trace_id", "trace_id", Table::Kind::text},
    {"appended", "append_time_us", Table::Kind::time},
    {"unprovable", "unprovable", Table::Kind::boolean},
};
constexpr std::size_t kShownCount = std::size(kShown);
constexpr const char* kPlace = "time_us, incarnation, stream_partition, stream_offset, record_row";

Statement page_of(const RequestsSpec& spec, const std::string& tenant, const std::string& files) {
  Statement statement;
  std::string columns;
  for (const ShownColumn& column : kShown) columns += std::string(column.sql) + ", ";
  std::string where = where_of(statement, tenant, spec.range, spec.filters, false);
  if (spec.after) {
    const RequestPlace& last = *spec.after;
    std::string place;
    for (std::int64_t n : {last.time_us, last.incarnation, last.partition, last.offset, last.row}) {
      place += (place.empty() ? "" : ", ") + statement.bind(n);
    }
    // The first bound alone lets whole row groups be skipped.
    where += " AND time_us <= " + statement.bind(last.time_us) + " AND (" + kPlace + ") < (" +
             place + ")";
  }
  statement.text = "SELECT " + columns + kPlace + " FROM " + files + " WHERE " + where +
                   " ORDER BY time_us DESC, incarnation DESC, stream_partition DESC,"
                   " stream_offset DESC, record_row DESC LIMIT " +
                   std::to_string(spec.limit + 1);
  return statement;
}

Cell cell_of(const DuckResult& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return {};
  switch (kShown[column].kind) {
    case Table::Kind::text:
      return std::string(rows.text(row, column));
    case Table::Kind::boolean:
      return rows.integer(row, column) != 0;
    default:
      return rows.integer128(row, column);
  }
}

RequestPlace place_of(const DuckResult& rows, std::size_t row) {
  auto number = [&](std::size_t i) { return rows.integer(row, kShownCount + i); };
  return {number(0), number(1), number(2), number(3), number(4)};
}

/// One row more than is shown says that there is a next page.
void take_page(const RequestsSpec& spec, const DuckResult& rows, RequestsAnswer& answer) {
  std::size_t shown = std::min(rows.rows(), static_cast<std::size_t>(spec.limit));
  for (std::size_t row = 0; row < shown; ++row) {
    std::vector<Cell>& cells = answer.table.rows.emplace_back();
    for (std::size_t column = 0; column < kShownCount; ++column) {
      cells.push_back(cell_of(rows, row, column));
    }
  }
  if (rows.rows() > shown) answer.next_cursor = cursor_of(spec, place_of(rows, shown - 1));
}

}  // namespace

Result<RequestsAnswer> QueryEngine::requests(const std::string& tenant, const RequestsSpec& spec,
                                             Deadline deadline, const CostCheck& check) {
  RequestsAnswer answer;
  for (const ShownColumn& column : kShown)
    answer.table.columns.push_back({column.name, column.kind});
  Result<Catalogue> catalogue = open_catalogue();
  if (!catalogue) return catalogue.error();
  Result<SqliteTransaction> snapshot = catalogue->begin_read();
  if (!snapshot) return snapshot.error();
  std::int64_t to_us = spec.after ? spec.after->time_us + 1 : spec.range.to_us;
  Result<std::vector<DataFile>> files =
      catalogue->live_files(FileKind::segment, spec.range.from_us, to_us);
  if (!files) return files.error();
  Result<std::int64_t> expired =
      catalogue->expired_events(FileKind::segment, spec.range.from_us, spec.range.to_us);
  if (!expired) return expired.error();
  Result<Freshness> freshness = catalogue->freshness();
  if (!freshness) return freshness.error();
  snapshot->rollback();
  answer.facts.source = "segments";
  answer.facts.expired_events = *expired;
  answer.facts.freshness = *freshness;
  answer.facts.as_of_us = clock_->now().value;
  if (files->empty()) return answer;
  QueryCost cost{.source = answer.facts.source, .span_us = to_us - spec.range.from_us};
  cost.add(*files);
  WEIR_TRY(check(cost));

  Statement page = page_of(spec, tenant, read_parquet(*files));
  WEIR_TRY(lanes_.work(weight_of(cost), [&](DuckConnection& connection) -> Status {
    Result<DuckResult> rows = run(connection, page, deadline);
    if (!rows) return rows.error();
    take_page(spec, *rows, answer);
    return {};
  }));
  return answer;
}

}  // namespace weir
