#include "analytics/vocabulary.h"

#include "base/log.h"

#include <iterator>

namespace weir {
namespace {

using Kind = Table::Kind;

constexpr DimensionWord kDimensionWords[] = {
    {"api", "api", "api", Kind::text, true, "name of the API"},
    {"route", "route", "route", Kind::text, true, "route template, such as /v1/orders/{id}"},
    {"method", "method", "method", Kind::text, true, "HTTP method"},
    {"subscription", "subscription", "subscription", Kind::text, true, "what is billed"},
    {"status_class", "CASE WHEN status IS NULL THEN 'none' ELSE (status // 100) || 'xx' END",
     "CASE WHEN status_class = 0 THEN 'none' ELSE status_class || 'xx' END", Kind::text, false,
     "2xx, 4xx, 5xx, …; none when the event bears no status"},
    {"status", "coalesce(status, 0)::BIGINT", "", Kind::integer, false,
     "HTTP status; 0 when the event bears none"},
    {"country", "country", "", Kind::text, false, "country of the client"},
    {"gateway", "gateway", "", Kind::text, false, "the gateway that took the request"},
    {"source", "source", "", Kind::text, false, "the producer of the event"},
    {"client", "client", "", Kind::text, false, "address of the client, truncated or hashed"},
    {"user_agent", "user_agent", "", Kind::text, false, "user agent of the client"},
    {"error", "error", "", Kind::text, false, "error text of the event"},
};

constexpr MetricWord kMetricWords[] = {
    {"requests", "requests", Kind::integer, 0, "how many"},
    {"errors", "requests", Kind::integer, 0, "those with status 500 to 599"},
    {"client_errors", "requests", Kind::integer, 0, "those with status 400 to 499"},
    {"error_rate", "ratio", Kind::real, 0, "errors / requests; null without requests"},
    {"units", "units", Kind::integer, 0, "sum of units"},
    {"request_bytes", "bytes", Kind::integer, 0, "sum, of the requests that say"},
    {"response_bytes", "bytes", Kind::integer, 0, "sum, of the requests that say"},
    {"latency_avg", "us", Kind::real, 0, "mean of the requests that say; null without any"},
    {"p50", "us", Kind::integer, 500, "median latency; from rollups within 1 %"},
    {"p75", "us", Kind::integer, 750, "75 % took no longer; from rollups within 1 %"},
    {"p90", "us", Kind::integer, 900, "90 % took no longer; from rollups within 1 %"},
    {"p95", "us", Kind::integer, 950, "95 % took no longer; from rollups within 1 %"},
    {"p99", "us", Kind::integer, 990, "99 % took no longer; from rollups within 1 %"},
    {"p999", "us", Kind::integer, 999, "99.9 % took no longer; from rollups within 1 %"},
};

constexpr SumWord kSumWords[kSums] = {
    {"requests", "count(*)", "sum(requests)"},
    {"errors", "count(*) FILTER (status BETWEEN 500 AND 599)",
     "coalesce(sum(requests) FILTER (status_class = 5), 0)"},
    {"client_errors", "count(*) FILTER (status BETWEEN 400 AND 499)",
     "coalesce(sum(requests) FILTER (status_class = 4), 0)"},
    {"units", "sum(units)", "sum(units)"},
    {"request_bytes", "coalesce(sum(request_bytes), 0)", "sum(request_bytes)"},
    {"response_bytes", "coalesce(sum(response_bytes), 0)", "sum(response_bytes)"},
    {"latency_sum", "coalesce(sum(latency_us), 0)", "sum(latency_sum_us)"},
    {"latency_count", "count(latency_us)", "sum(latency_count)"},
};

template <class Word>
const Word* find(std::span<const Word> words, std::string_view name) {
  for (const Word& word : words) {
    if (word.name == name) return &word;
  }
  return nullptr;
}

std::string quoted(std::string_view name, std::string_view value) {
  return json_quote(name) + ":" + json_quote(value);
}

}  // namespace

std::span<const DimensionWord> dimensions() { return kDimensionWords; }
std::span<const MetricWord> metrics() { return kMetricWords; }
std::span<const SumWord, kSums> sums() { return kSumWords; }
const DimensionWord* find_dimension(std::string_view name) { return find(dimensions(), name); }
const MetricWord* find_metric(std::string_view name) { return find(metrics(), name); }

std::string metric_in_sql(const MetricWord& metric) {
  if (metric.name == "error_rate") return "errors::DOUBLE / requests::DOUBLE";
  if (metric.name == "latency_avg") {
    return "CASE WHEN latency_count > 0 THEN latency_sum::DOUBLE / latency_count::DOUBLE END";
  }
  return std::string(metric.name);
}

std::string schema_json() {
  std::string out = "{\"dimensions\":[";
  for (const DimensionWord& word : dimensions()) {
    if (out.back() != '[') out += ',';
    out += "{" + quoted("name", word.name) + "," +
           quoted("type", word.kind == Kind::integer ? "integer" : "text") +
           ",\"in_rollups\":" + (word.in_rollup.empty() ? "false" : "true") + "," +
           quoted("description", word.sentence) + "}";
  }
  out += "],\"metrics\":[";
  for (const MetricWord& word : metrics()) {
    if (out.back() != '[') out += ',';
    out += "{" + quoted("name", word.name) + "," + quoted("unit", word.unit) + "," +
           quoted("description", word.sentence) + "}";
  }
  return out +
         "],\"granularities\":[\"all\",\"minute\",\"hour\",\"day\",\"week\",\"month\","
         "\"a duration such as 5m\"],\"parameters\":[\"from\",\"to\",\"tz\",\"granularity\","
         "\"metrics\",\"group_by\",\"filter\",\"order_by\",\"limit\",\"other\",\"source\"]}";
}

}  // namespace weir
