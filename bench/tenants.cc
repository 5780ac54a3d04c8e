#include "bench/tenants.h"

#include "base/digest.h"
#include "bench/must.h"

#include <algorithm>
#include <fmt/format.h>

namespace weir::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::int64_t kHourUs = 3600 * kMicrosPerSecond;
constexpr int kBatchesPerSecond = 10;

Deadline soon() { return Deadline::in(std::chrono::seconds(30)); }

std::int64_t since(steady_clock::time_point start) {
  return std::chrono::duration_cast<Micros>(steady_clock::now() - start).count();
}

std::string last_hour() {
  const std::int64_t now = system_clock().now().value / (60 * kMicrosPerSecond);
  return fmt::format("from={}&to={}", format_rfc3339((now + 1) * 60 * kMicrosPerSecond - kHourUs),
                     format_rfc3339((now + 1) * 60 * kMicrosPerSecond));
}

/// What the answer's first `"units":` says; -1 when it does not.
std::int64_t units_in(const std::string& body) {
  constexpr std::string_view kUnits = "\"units\":";
  const auto at = body.find(kUnits);
  return at == std::string::npos ? -1 : std::stoll(body.substr(at + kUnits.size()));
}

bool is_limit(int status) { return status == 429 || status == 503; }

}  // namespace

void Samples::add(std::int64_t micros) {
  const std::lock_guard lock(mutex_);
  micros_.push_back(micros);
}

std::int64_t Samples::per_mille(int q) const {
  const std::lock_guard lock(mutex_);
  if (micros_.empty()) return 0;
  std::vector<std::int64_t> sorted = micros_;
  std::sort(sorted.begin(), sorted.end());
  return sorted[std::min(sorted.size() - 1, sorted.size() * static_cast<std::size_t>(q) / 1000)];
}

std::size_t Samples::size() const {
  const std::lock_guard lock(mutex_);
  return micros_.size();
}

std::string event_json(const Tenant& tenant, const std::string& id, const std::string& route) {
  return fmt::format(
      R"({{"source":"bench","id":"{}","time":"{}","subscription":"{}","api":"a","route":"{}",)"
      R"("method":"GET","status":200,"latency_us":{}}})",
      id, format_rfc3339(system_clock().now().value), tenant.subscription, route,
      1000 + std::hash<std::string>{}(id) % 100'000);
}

HttpClient::Headers headers_of(const Tenant& tenant) {
  return {{"Authorization", "Bearer " + tenant.key}, {"Content-Type", "application/json"}};
}

void watch_freshness(const Doors& doors, const Tenant& tenant, const std::atomic<bool>& stop,
                     Seen& seen) {
  HttpClient client;
  const HttpClient::Headers headers = headers_of(tenant);
  const std::string usage = doors.quota + "/v1/subscriptions/" + tenant.subscription + "/usage";
  std::int64_t units =
      std::max<std::int64_t>(0, units_in(must(client.get(usage, headers, soon())).body));
  while (!stop) {
    const std::string event = event_json(tenant, random_hex(8), "/watched");
    const int status =
        must(client.post(doors.ingest + "/v1/events", headers, event, soon())).status;
    if (status != 202) give_up(tenant.name + "'s event got " + std::to_string(status));
    ++seen.quiet_events;
    const auto begun = steady_clock::now();
    while (units_in(must(client.get(usage, headers, soon())).body) <= units) {
      if (since(begun) > 30 * kMicrosPerSecond) give_up("an event does not show within 30 s");
      std::this_thread::sleep_for(milliseconds(20));
    }
    seen.freshness.add(since(begun));
    ++units;
  }
}

void watch_queries(const Doors& doors, const Tenant& tenant, const std::atomic<bool>& stop,
                   Seen& seen) {
  HttpClient client;
  while (!stop) {
    const auto begun = steady_clock::now();
    const HttpReply reply =
        must(client.get(doors.queries +
                            "/v1/query?granularity=minute&group_by=route&metrics="
                            "requests,errors,p99&" +
                            last_hour(),
                        headers_of(tenant), soon()));
    if (reply.status != 200) give_up(tenant.name + "'s query got " + reply.body);
    seen.query.add(since(begun));
    std::this_thread::sleep_until(begun + milliseconds(50));
  }
}

void flood(const Doors& doors, const Tenant& tenant, std::int64_t per_second,
           const std::atomic<bool>& stop, Seen& seen) {
  HttpClient client;
  auto next = steady_clock::now();
  while (!stop) {
    std::string body = "[";
    for (std::int64_t i = 0; i < per_second / kBatchesPerSecond; ++i) {
      const std::string id = random_hex(8);
      body += (i == 0 ? "" : ",") + event_json(tenant, id, "/r/" + id);
    }
    const HttpReply reply =
        must(client.post(doors.ingest + "/v1/events", headers_of(tenant), body + "]", soon()));
    if (reply.status == 202) seen.noisy_events += per_second / kBatchesPerSecond;
    if (is_limit(reply.status)) ++seen.refused;
    next += milliseconds(1000 / kBatchesPerSecond);
    std::this_thread::sleep_until(next);
  }
}

void ask_heavily(const Doors& doors, const Tenant& tenant, const std::atomic<bool>& stop,
                 Seen& seen) {
  HttpClient client;
  while (!stop) {
    const HttpReply reply =
        must(client.get(doors.queries +
                            "/v1/query?source=segments&group_by=route,subscription"
                            "&metrics=requests,p99&order_by=-p99&" +
                            last_hour(),
                        headers_of(tenant), soon()));
    if (reply.status == 200) ++seen.noisy_queries;
    if (!is_limit(reply.status)) continue;
    ++seen.refused;
    std::this_thread::sleep_for(milliseconds(20));  // a client that does not heed Retry-After
  }
}

}  // namespace weir::bench
