// What a query asks: parameters as they came, checked and turned into a QuerySpec.
//
//   GET  /v1/query?from=…&to=…&tz=Europe/Berlin&granularity=hour&metrics=requests,p95
//        &group_by=route&filter=status_class:5xx,method:GET|POST&order_by=-errors&limit=10&other=true
//   POST /v1/query {"from": "…", "metrics": ["requests"], "filter": {"route": ["/a", "/b"]}, …}
//
// A filter keeps rows whose dimension is one of the values; filters of several dimensions all hold.
// In GET, values of a dimension are parted by `|`, dimensions by `,`; a backslash before one of
// `|`, `,`, `:` or `\` takes it literally. Times are RFC 3339; absent: the last hour, to the minute.
// Errors: `invalid`, naming the parameter and what is allowed. Threads: any.
#pragma once

#include "analytics/vocabulary.h"
#include "base/calendar.h"
#include "base/http/message.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

inline constexpr std::int64_t kGroupsMax = 1000;
inline constexpr std::size_t kBucketsMax = 11'000;
inline constexpr std::size_t kCellsMax = 200'000;
inline constexpr std::size_t kFilterValuesMax = 200;

/// As they came; absent ones are empty.
struct QueryParameters {
  std::optional<std::string> from, to, tz, granularity, order_by, limit, other, source, cursor;
  std::vector<std::string> metrics, group_by;
  std::vector<std::pair<std::string, std::vector<std::string>>> filters;
};
/// Of a GET's query string. Unknown names are errors.
Result<QueryParameters> parameters_of(const HttpRequest& request);
/// Of a POST's JSON body.
Result<QueryParameters> parameters_of_json(const std::string& body);

enum class SourceChoice { automatic, rollup, segments };

struct DimensionFilter {
  const DimensionWord* dimension;
  std::vector<std::string> values;
};

struct QuerySpec {
  TimeRange range;
  std::string tz = "UTC";
  std::optional<PeriodRule> granularity;  // none: one row for the whole range
  std::string granularity_name = "all";
  std::vector<const MetricWord*> metrics;
  std::vector<const DimensionWord*> group_by;
  std::vector<DimensionFilter> filters;
  const MetricWord* order_by = nullptr;
  bool descending = true;
  std::int64_t limit = 100;
  bool other = true;
  SourceChoice source = SourceChoice::automatic;
};
Result<QuerySpec> check_query(const QueryParameters& parameters, std::int64_t now_us);

// The parts that /v1/requests shares.
Result<TimeRange> check_range(const QueryParameters& parameters, std::int64_t now_us);
Result<std::vector<DimensionFilter>> check_filters(const QueryParameters& parameters);
Result<std::int64_t> check_limit(const QueryParameters& parameters, std::int64_t fallback);

}  // namespace weir
