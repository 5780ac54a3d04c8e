// The words of a query: which dimensions and metrics there are, and what each is in SQL.
//
// SQL is put together from these tables alone; what a user wrote is looked up here or bound as a
// parameter, and never becomes part of a statement.
#pragma once

#include "analytics/table.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir {

struct DimensionWord {
  std::string_view name;
  std::string_view in_rows;    // expression over a segment
  std::string_view in_rollup;  // over a rollup or histogram file; empty: only rows know it
  Table::Kind kind;            // text or integer
  bool capped;                 // the rollup's cardinality cap may have made it "__other__"
  std::string_view sentence;
};

struct MetricWord {
  std::string_view name;
  std::string_view unit;
  Table::Kind kind;
  int per_mille;  // of a percentile: 950 for p95; else 0
  std::string_view sentence;
};

std::span<const DimensionWord> dimensions();
std::span<const MetricWord> metrics();
/// nullptr when there is none of that name.
const DimensionWord* find_dimension(std::string_view name);
const MetricWord* find_metric(std::string_view name);

/// The sums that all metrics derive from, in this order in every row of SQL.
enum Sum {
  kRequests,
  kErrors,
  kClientErrors,
  kUnits,
  kRequestBytes,
  kResponseBytes,
  kLatencySum,
  kLatencyCount,
  kSums
};
struct SumWord {
  std::string_view name;
  std::string_view in_rows;
  std::string_view in_rollup;
};
std::span<const SumWord, kSums> sums();

/// The metric as an SQL expression over the names of sums (and of percentiles): for ORDER BY.
std::string metric_in_sql(const MetricWord& metric);

/// For /v1/schema.
std::string schema_json();

}  // namespace weir
