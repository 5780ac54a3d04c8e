#include "analytics/query_sql.h"

#include "analytics/rollup.h"

namespace weir {
namespace {

std::string time_column(bool rollup) { return rollup ? "minute_us" : "time_us"; }

std::string expression(const DimensionWord& dimension, bool rollup) {
  return std::string(rollup ? dimension.in_rollup : dimension.in_rows);
}

/// "keep d0, d1" with a prefix: the keys of a grouping as a list.
std::string names(const std::string& prefix, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i ? ", " : "") + prefix + std::to_string(i);
  return list;
}

/// The bucket of a time as SQL. Runs of buckets of one length share a division, so a zone's month
/// is a handful of branches and a day with 23 hours is one of its own.
std::string bucket_in_sql(const Buckets& buckets, const std::string& time) {
  const std::vector<std::int64_t>& edges = buckets.edges;
  if (buckets.count() == 1) return "0::BIGINT";
  std::string sql = "CASE";
  for (std::size_t first = 0; first < buckets.count();) {
    std::int64_t length = edges[first + 1] - edges[first];
    std::size_t last = first + 1;
    while (last < buckets.count() && edges[last + 1] - edges[last] == length) ++last;
    sql += " WHEN " + time + " < " + std::to_string(edges[last]) + " THEN " +
           std::to_string(first) + " + (" + time + " - " + std::to_string(edges[first]) + ") // " +
           std::to_string(length);
    first = last;
  }
  return "(" + sql + " END)::BIGINT";
}

std::vector<const MetricWord*> percentiles(const QuerySpec& spec) {
  std::vector<const MetricWord*> list;
  for (const MetricWord* metric : spec.metrics) {
    if (metric->per_mille > 0) list.push_back(metric);
  }
  if (spec.order_by->per_mille > 0) {
    bool there = false;
    for (const MetricWord* metric : list) there = there || metric == spec.order_by;
    if (!there) list.push_back(spec.order_by);
  }
  return list;
}

bool reads_histograms(const QuerySpec& spec, const Relations& from) {
  return !from.histograms.empty() && wants_percentiles(spec);
}

/// `rows` grouped by `keys`: sums, and percentiles where rows are whole.
std::string grouped_rows(const QuerySpec& spec, const std::string& rows, const std::string& keys) {
  std::string sql = "SELECT " + keys;
  for (const SumWord& sum : sums()) {
    sql += ", " + std::string(sum.in_rows) + " AS " + std::string(sum.name);
  }
  for (const MetricWord* metric : percentiles(spec)) {
    sql += ", quantile_disc(latency_us, " + std::to_string(metric->per_mille) + " / 1000.0) AS " +
           std::string(metric->name);
  }
  return sql + " FROM (" + rows + ") GROUP BY " + keys;
}

/// The same of rollups: their sums, joined with the percentiles of their histograms.
std::string grouped_rollups(const QuerySpec& spec, const std::string& counts,
                            const std::string& histograms, const std::string& keys) {
  std::string sql = "SELECT " + keys;
  for (const SumWord& sum : sums()) {
    sql += ", " + std::string(sum.in_rollup) + " AS " + std::string(sum.name);
  }
  sql += " FROM (" + counts + ") GROUP BY " + keys;
  std::vector<const MetricWord*> wanted = percentiles(spec);
  if (wanted.empty()) return sql;
  std::string ranked;
  for (const MetricWord* metric : wanted) {
    if (histograms.empty()) {
      ranked += ", NULL::INTEGER AS " + std::string(metric->name);
    } else {
      ranked += ", min(bucket) FILTER (passed * 1000 >= total * " +
                std::to_string(metric->per_mille) + ") AS " + std::string(metric->name);
    }
  }
  if (histograms.empty()) return "SELECT *" + ranked + " FROM (" + sql + ")";
  return "WITH counted AS (" + sql + "), buckets AS (SELECT " + keys +
         ", bucket, sum(n) AS n FROM (" + histograms + ") GROUP BY " + keys +
         ", bucket), running AS (SELECT *, sum(n) OVER (PARTITION BY " + keys +
         " ORDER BY bucket) AS passed, sum(n) OVER (PARTITION BY " + keys +
         ") AS total FROM buckets), ranked AS (SELECT " + keys + ranked +
         " FROM running GROUP BY " + keys + ") SELECT * FROM counted LEFT JOIN ranked USING (" +
         keys + ")";
}

/// Every row of a relation that the query may see, with the dimensions as d0, d1, ….
std::string seen(Statement& statement, const QuerySpec& spec, const std::string& tenant,
                 const std::string& relation, bool rollup, const std::string& more) {
  std::string sql = "SELECT *";
  for (std::size_t i = 0; i < spec.group_by.size(); ++i) {
    sql +=
        ", CAST(" + expression(*spec.group_by[i], rollup) + " AS VARCHAR) AS d" + std::to_string(i);
  }
  return sql + more + " FROM " + relation + " WHERE " +
         where_of(statement, tenant, spec.range, spec.filters, rollup);
}

/// VALUES (0, $1, $2), (1, …): the ranked groups.
std::string groups_in_sql(Statement& statement, const std::vector<GroupKey>& groups) {
  std::string sql;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    sql += (g ? ", (" : "(") + std::to_string(g);
    for (const std::string& value : groups[g]) sql += ", " + statement.bind(value);
    sql += ")";
  }
  return sql;
}

}  // namespace

bool wants_percentiles(const QuerySpec& spec) { return !percentiles(spec).empty(); }

std::string Statement::bind(DuckParameter value) {
  parameters_.push_back(std::move(value));
  return "$" + std::to_string(parameters_.size());
}

// What a user may get wrong was checked before: SQL that DuckDB refuses is a bug of ours.
Result<DuckResult> run(DuckConnection& connection, const Statement& statement, Deadline deadline) {
  Result<DuckResult> rows = connection.query(statement.text, statement.parameters(), deadline);
  if (rows || rows.error().code != ErrorCode::invalid) return rows;
  return Error{ErrorCode::integrity, rows.error().what, ""};
}

bool Buckets::on_minutes() const {
  for (std::int64_t edge : edges) {
    if (edge != minute_of(edge)) return false;
  }
  return true;
}

Result<Buckets> buckets_of(const QuerySpec& spec) {
  if (!spec.granularity) return Buckets{{spec.range.from_us, spec.range.to_us}};
  Result<TimeRange> period = period_containing(*spec.granularity, spec.tz, spec.range.from_us);
  if (!period) return period.error();
  Buckets buckets{{period->from_us}};
  while (buckets.edges.back() < spec.range.to_us) {
    if (buckets.count() >= kBucketsMax) {
      return Error{ErrorCode::invalid,
                   "granularity: " + spec.granularity_name + " makes more than " +
                       std::to_string(kBucketsMax) + " buckets of this range",
                   "ask for a shorter range or a coarser granularity"};
    }
    buckets.edges.push_back(period->to_us);
    period = next_period(*spec.granularity, spec.tz, period->from_us);
    if (!period) return period.error();
  }
  return buckets;
}

std::string where_of(Statement& statement, const std::string& tenant, const TimeRange& range,
                     const std::vector<DimensionFilter>& filters, bool rollup) {
  std::string time = time_column(rollup);
  std::string sql = "tenant = " + statement.bind(tenant);
  sql += " AND " + time + " >= " + statement.bind(range.from_us);
  sql += " AND " + time + " < " + statement.bind(range.to_us);
  for (const DimensionFilter& filter : filters) {
    std::string values;
    for (const std::string& value : filter.values) {
      values += (values.empty() ? "" : ", ") + statement.bind(value);
    }
    sql +=
        " AND CAST(" + expression(*filter.dimension, rollup) + " AS VARCHAR) IN (" + values + ")";
  }
  return sql;
}

Statement rank_groups(const QuerySpec& spec, const std::string& tenant, const Relations& from) {
  Statement statement;
  std::string keys = names("d", spec.group_by.size());
  std::string rows = seen(statement, spec, tenant, from.main, from.rollup, "");
  std::string grouped;
  if (from.rollup) {
    std::string histograms = reads_histograms(spec, from)
                                 ? seen(statement, spec, tenant, from.histograms, true, "")
                                 : "";
    grouped = grouped_rollups(spec, rows, histograms, keys);
  } else {
    grouped = grouped_rows(spec, rows, keys);
  }
  statement.text = "SELECT " + keys + ", count(*) OVER () AS group_count FROM (" + grouped +
                   ") ORDER BY " + metric_in_sql(*spec.order_by) +
                   (spec.descending ? " DESC" : " ASC") + " NULLS LAST, " + keys + " LIMIT " +
                   std::to_string(spec.limit);
  return statement;
}

Statement count_buckets(const QuerySpec& spec, const std::string& tenant, const Relations& from,
                        const Buckets& buckets, const std::vector<GroupKey>& groups, bool rest) {
  Statement statement;
  std::size_t dimensions = spec.group_by.size();
  auto ranked = [&](const std::string& relation) {
    std::string bucket = ", " + bucket_in_sql(buckets, time_column(from.rollup)) + " AS b";
    std::string rows = seen(statement, spec, tenant, relation, from.rollup, bucket);
    if (dimensions == 0) return "SELECT *, 0 AS g FROM (" + rows + ")";
    std::string keys = names("d", dimensions);
    return "SELECT r.*, coalesce(k.g, -1) AS g FROM (" + rows + ") r " +
           (rest ? "LEFT JOIN" : "JOIN") + " (VALUES " + groups_in_sql(statement, groups) +
           ") k(g, " + keys + ") USING (" + keys + ")";
  };
  std::string main = ranked(from.main);
  if (from.rollup) {
    std::string histograms = reads_histograms(spec, from) ? ranked(from.histograms) : "";
    statement.text = grouped_rollups(spec, main, histograms, "b, g");
  } else {
    statement.text = grouped_rows(spec, main, "b, g");
  }
  return statement;
}

}  // namespace weir
