#include "analytics/query_toll.h"

#include "analytics/data_file.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::int64_t kOpenBytes = 64 << 10;
constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;

std::string mebibytes(std::int64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

/// What the query would do, and what to change about it.
std::string detail_of(const QueryCost& cost, const std::string& bound) {
  std::string text = "it would read " + mebibytes(cost.bytes) + " in " +
                     std::to_string(cost.files) + " files of " + cost.source + "; " + bound +
                     ". Ask for less than " + humane_duration(Micros(cost.span_us));
  if (!cost.obstacle.empty()) {
    text +=
        ", or for what rollups know, which are a thousandth of that: here they cannot answer (" +
        cost.obstacle + ")";
  }
  return text;
}

/// A problem, with the cost as members of its own.
HttpResponse refusal(int status, std::string_view type, std::string_view title,
                     const std::string& detail, const QueryCost& cost) {
  HttpResponse response = problem(status, type, title, detail);
  response.body.pop_back();
  response.body +=
      ",\"cost\":{\"source\":\"" + cost.source + "\",\"files\":" + std::to_string(cost.files) +
      ",\"bytes\":" + std::to_string(cost.bytes) + ",\"rows\":" + std::to_string(cost.rows) + "}}";
  return response;
}

Counter& refused(Metrics& metrics, const char* reason) {
  return metrics.counter("weir_analytics_queries_refused_total", "queries refused for their cost",
                         {{"reason", reason}});
}

}  // namespace

void QueryCost::add(const std::vector<DataFile>& more) {
  for (const DataFile& file : more) {
    ++files;
    bytes += file.bytes + kOpenBytes;
    rows += file.rows;
  }
}

std::int64_t weight_of(const QueryCost& cost) {
  return cost.source == "rollup" ? cost.rows / 40 : cost.rows;
}

QueryToll::QueryToll(TollOptions options, Clock& clock, Metrics& metrics)
    : options_(options),
      clock_(clock),
      bytes_(metrics.counter("weir_analytics_query_bytes_total",
                             "bytes of the files that admitted queries were to read")),
      too_large_(refused(metrics, "too_large")),
      over_budget_(refused(metrics, "budget")) {}

std::optional<HttpResponse> QueryToll::pay(const std::string& tenant, const QueryCost& cost) {
  if (options_.bytes_max > 0 && cost.bytes > options_.bytes_max) {
    too_large_.add();
    const std::string bound = "one query may read " + mebibytes(options_.bytes_max);
    return refusal(422, "/problems/query-too-large", "This query would read too much",
                   detail_of(cost, bound), cost);
  }
  const bool capped = cost.source == "rollup";  // by the caps on its keys
  if (const auto wait = capped ? std::nullopt : wait_us(tenant, cost.bytes)) {
    over_budget_.add();
    const std::string bound =
        "this tenant may read " + mebibytes(options_.bytes_per_minute) + " a minute, and has";
    HttpResponse response = refusal(429, "/problems/query-budget", "This minute's budget is spent",
                                    detail_of(cost, bound), cost);
    response.headers.emplace_back(
        "Retry-After", std::to_string((*wait + kMicrosPerSecond - 1) / kMicrosPerSecond));
    return response;
  }
  bytes_.add(cost.bytes);
  return std::nullopt;
}

std::optional<std::int64_t> QueryToll::wait_us(const std::string& tenant, std::int64_t bytes) {
  if (options_.bytes_per_minute == 0) return std::nullopt;
  const TokenRate rate{options_.bytes_per_minute, kMinute, options_.bytes_per_minute};
  const auto steady = clock_.steady_now().time_since_epoch();
  const std::int64_t now_us = std::chrono::duration_cast<Micros>(steady).count();
  const std::int64_t due = std::min(bytes, rate.burst);
  const std::lock_guard lock(mutex_);
  TokenBucket& budget = budgets_.try_emplace(tenant, rate, now_us).first->second;
  if (!budget.has(due, now_us)) return budget.wait_us(due, now_us);
  budget.take(due, now_us);
  return std::nullopt;
}

}  // namespace weir
