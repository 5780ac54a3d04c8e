// A QuerySpec as SQL: buckets of time, groups, sums and percentiles over Parquet files.
//
// Two statements answer a query. The first ranks the groups over the whole range; the second counts
// by bucket of time and rank, where everything that the limit cut off has rank -1. Both take the
// same relation: from segments, percentiles are quantile_disc; from rollups, sums of sums and the
// bucket of the latency histogram at which the running count passes the rank.
#pragma once

#include "analytics/query_spec.h"
#include "storage/duckdb/duck.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// Half-open buckets of time, one behind the other: bucket i is [edges[i], edges[i + 1]).
struct Buckets {
  std::vector<std::int64_t> edges;

  std::size_t count() const { return edges.size() - 1; }
  /// Every edge lies on a minute, so that minutes of rollups do not straddle one.
  bool on_minutes() const;
};
/// Error `invalid` when there would be too many.
Result<Buckets> buckets_of(const QuerySpec& spec);

/// Where rows come from: SQL like read_parquet([…]); empty: no file, no row.
struct Relations {
  bool rollup = false;
  std::string main;        // segments, or rollups
  std::string histograms;  // of rollups
  bool empty() const { return main.empty(); }
};

/// A statement under construction: text, and the values that it binds as $1, $2, ….
class Statement {
 public:
  /// "$n" for a value.
  std::string bind(DuckParameter value);
  std::string text;
  const std::vector<DuckParameter>& parameters() const { return parameters_; }

 private:
  std::vector<DuckParameter> parameters_;
};

/// Errors `unavailable` when the deadline passed, `integrity` for a statement that makes no sense.
Result<DuckResult> run(DuckConnection& connection, const Statement& statement, Deadline deadline);

/// "tenant = … AND time in range AND every filter". Also used by /v1/requests.
std::string where_of(Statement& statement, const std::string& tenant, const TimeRange& range,
                     const std::vector<DimensionFilter>& filters, bool rollup);

/// Whether a percentile is shown or ordered by: of rollups, then the histograms are read too.
bool wants_percentiles(const QuerySpec& spec);

using GroupKey = std::vector<std::string>;  // every dimension as text

/// Columns: d0, d1, … (text), group_count (how many there are), of the first spec.limit groups.
Statement rank_groups(const QuerySpec& spec, const std::string& tenant, const Relations& from);
/// Columns: b (bucket), g (rank, -1 for the rest), then the sums, then a percentile a metric that
/// is one (of rollups: the histogram's bucket).
Statement count_buckets(const QuerySpec& spec, const std::string& tenant, const Relations& from,
                        const Buckets& buckets, const std::vector<GroupKey>& groups, bool rest);

}  // namespace weir
