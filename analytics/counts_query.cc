// /v1/counts: every live segment row that could lie in the range, counted by its own address.
#include "analytics/engine.h"

namespace weir {
namespace {

/// Below the vector: an older incarnation, or this one at a smaller offset.
std::string below(Statement& statement, const CountsSpec& spec) {
  std::string offsets;
  for (const std::int64_t offset : spec.vector) {
    offsets += (offsets.empty() ? "" : ", ") + std::to_string(offset);
  }
  const std::string incarnation = statement.bind(spec.incarnation);
  return "(incarnation < " + incarnation + " OR (incarnation = " + incarnation +
         " AND stream_offset < list_extract(CAST([" + offsets +
         "] AS BIGINT[]), stream_partition + 1)))";
}

Statement count_of(const CountsSpec& spec, const std::string& tenant, const std::string& files) {
  Statement statement;
  const std::string where = where_of(statement, tenant, spec.range, {}, false);
  statement.text =
      "SELECT CAST(subscription AS VARCHAR) AS s, "
      "count(*) FILTER (WHERE NOT unprovable) AS n, count(*) FILTER (WHERE unprovable) AS u FROM " +
      files + " WHERE " + where +
      " AND subscription IS NOT NULL AND CAST(subscription AS VARCHAR) "
      "<> '' AND " +
      below(statement, spec) + " GROUP BY s ORDER BY s";
  return statement;
}

/// Where the consumer stands, and whether that is at or beyond the vector everywhere.
Status read_reach(Catalogue& catalogue, const CountsSpec& spec, CountsAnswer& answer) {
  Result<std::optional<StreamIdentity>> stream = catalogue.stream();
  if (!stream) return stream.error();
  if (!*stream) return {};
  const Incarnation incarnation = (*stream)->incarnation;
  answer.incarnation = incarnation.value;
  answer.reached = incarnation.value >= spec.incarnation;
  for (std::size_t p = 0; p < spec.vector.size(); ++p) {
    Result<std::optional<Offset>> next =
        catalogue.next(incarnation, PartitionId(static_cast<std::int32_t>(p)));
    if (!next) return next.error();
    answer.next.push_back(*next ? (*next)->value : 0);
    if (incarnation.value == spec.incarnation && answer.next.back() < spec.vector[p]) {
      answer.reached = false;
    }
  }
  return {};
}

}  // namespace

Result<CountsAnswer> QueryEngine::counts(const std::string& tenant, const CountsSpec& spec,
                                         Deadline deadline, const CostCheck& check) {
  CountsAnswer answer;
  Result<Catalogue> catalogue = open_catalogue();
  if (!catalogue) return catalogue.error();
  Result<SqliteTransaction> snapshot = catalogue->begin_read();
  if (!snapshot) return snapshot.error();
  WEIR_TRY(read_reach(*catalogue, spec, answer));
  Result<std::int64_t> expired =
      catalogue->expired_events(FileKind::segment, spec.range.from_us, spec.range.to_us);
  if (!expired) return expired.error();
  answer.expired_events = *expired;
  Result<std::vector<DataFile>> files =
      catalogue->live_files(FileKind::segment, spec.range.from_us, spec.range.to_us);
  if (!files) return files.error();
  snapshot->rollback();
  if (files->empty()) return answer;
  QueryCost cost{.source = "segments", .span_us = spec.range.to_us - spec.range.from_us};
  cost.add(*files);
  WEIR_TRY(check(cost));

  const Statement statement = count_of(spec, tenant, read_parquet(*files));
  WEIR_TRY(lanes_.work(weight_of(cost), [&](DuckConnection& connection) -> Status {
    Result<DuckResult> rows = run(connection, statement, deadline);
    if (!rows) return rows.error();
    for (std::size_t row = 0; row < rows->rows(); ++row) {
      answer.rows.push_back(
          {std::string(rows->text(row, 0)), rows->integer(row, 1), rows->integer(row, 2)});
    }
    return {};
  }));
  return answer;
}

}  // namespace weir
