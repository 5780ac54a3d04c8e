#include "quota/api_json.h"

#include "base/log.h"

#include <algorithm>
#include <fmt/format.h>

namespace weir {
namespace {

std::string time_json(std::int64_t us) { return json_quote(format_rfc3339(us)); }

std::int64_t seconds_up(std::int64_t us) { return (us + kMicrosPerSecond - 1) / kMicrosPerSecond; }

const char* name_of(LimitState::Kind kind) {
  return kind == LimitState::Kind::quota ? "quota" : "rate";
}

std::string limit_json(const LimitState& limit) {
  std::string out = fmt::format(
      R"({{"kind":"{}","meter":{},"limit":{},"remaining":{},"window_s":{},"reset_s":{},"hard":{})",
      name_of(limit.kind), json_quote(limit.meter), limit.limit, limit.remaining,
      seconds_up(limit.window_us), seconds_up(limit.reset_us), limit.hard);
  if (limit.kind == LimitState::Kind::quota) out += fmt::format(R"(,"used":{})", limit.used);
  return out + fmt::format(R"(,"refused":{}}})", limit.refused);
}

/// A structured-field string: printable ASCII, `"` and `\` escaped.
std::string policy_name(const LimitState& limit) {
  std::string out = "\"";
  for (char c : limit.meter + "-" + name_of(limit.kind)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  return out + "\"";
}

}  // namespace

std::string freshness_json(const Freshness& freshness) {
  std::string complete = "null", lag = "null";
  if (freshness.complete_through_us) {
    complete = time_json(*freshness.complete_through_us);
    lag = std::to_string(std::max<std::int64_t>(
        0, (freshness.as_of_us - *freshness.complete_through_us) / kMicrosPerSecond));
  }
  return fmt::format(R"("as_of":{},"complete_through":{},"lag_s":{})",
                     time_json(freshness.as_of_us), complete, lag);
}

std::string usage_json(const std::string& subscription, TimeRange range, const MeterSums& sums,
                       const std::string& only_meter, const LedgerView& view) {
  std::string usage;
  const auto add = [&](const std::string& meter, const MeterSum& sum) {
    usage += fmt::format(R"({}{{"meter":{},"units":{},"adjusted":{}}})", usage.empty() ? "" : ",",
                         json_quote(meter), sum.units, sum.adjusted);
  };
  for (const auto& [meter, sum] : sums) {
    if (only_meter.empty() || meter == only_meter) add(meter, sum);
  }
  if (!only_meter.empty() && !sums.contains(only_meter)) add(only_meter, {});
  return fmt::format(R"({{"subscription":{},"from":{},"to":{},"bucket_s":{},"usage":[{}],{}}})",
                     json_quote(subscription), time_json(range.from_us), time_json(range.to_us),
                     seconds_up(view.bucket_us), usage, freshness_json(view.freshness));
}

std::string limits_json(const Decision& decision) {
  std::string out = R"("limits":[)";
  for (const LimitState& limit : decision.limits) {
    if (out.back() != '[') out += ',';
    out += limit_json(limit);
  }
  return out + "]";
}

void add_limit_headers(const Decision& decision, HttpResponse& response) {
  std::string state, policy;
  for (const LimitState& limit : decision.limits) {
    const char* comma = state.empty() ? "" : ", ";
    const std::string name = policy_name(limit);
    state +=
        fmt::format("{}{};r={};t={}", comma, name, limit.remaining, seconds_up(limit.reset_us));
    policy += fmt::format("{}{};q={};w={}", comma, name, limit.limit, seconds_up(limit.window_us));
  }
  if (!state.empty()) {
    response.headers.emplace_back("RateLimit", state);
    response.headers.emplace_back("RateLimit-Policy", policy);
  }
  if (const auto retry_us = decision.retry_us(); !decision.allowed && retry_us) {
    response.headers.emplace_back("Retry-After",
                                  std::to_string(std::max<std::int64_t>(1, seconds_up(*retry_us))));
  }
}

}  // namespace weir
