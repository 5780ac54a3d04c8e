#include "tests/fleets/load.h"

#include "base/digest.h"
#include "base/http/client.h"
#include "base/time.h"

#include <fmt/format.h>

namespace weir::test {
namespace {

constexpr int kEventsABody = 5;
constexpr auto kShortPause = std::chrono::milliseconds(1);
constexpr std::size_t kFailuresKept = 5;
constexpr auto kPatience = std::chrono::seconds(20);  // longer than nginx takes to say anything

}  // namespace

struct Load::Request {
  std::string path;
  std::string body;  // empty: GET
  std::string content_type = "application/json";
  int wanted = 200;
  int events = 0;
};

Load::Load(std::string url, std::string key, std::vector<std::string> subscriptions)
    : url_(std::move(url)), key_(std::move(key)), subscriptions_(std::move(subscriptions)) {}

void Load::run(std::function<Request(std::int64_t)> next, std::chrono::milliseconds pause) {
  threads_.emplace_back([this, pause, next = std::move(next)](const std::stop_token& stop) {
    HttpClient client;
    for (std::int64_t round = 0; !stop.stop_requested(); ++round) {
      const Request request = next(round);
      const HttpClient::Headers headers = {{"Authorization", "Bearer " + key_},
                                           {"Content-Type", request.content_type},
                                           {"Idempotency-Key", random_hex(8)}};
      const std::string url = url_ + request.path;
      const auto reply = request.body.empty()
                             ? client.get(url, headers, Deadline::in(kPatience))
                             : client.post(url, headers, request.body, Deadline::in(kPatience));
      if (!reply) {
        failed(request.path + ": " + reply.error().text());
      } else if (reply->status != request.wanted) {
        failed(fmt::format("{}: {} {}", request.path, reply->status, reply->body));
      } else {
        ++answered_;
        accepted_ += request.events;
      }
      std::this_thread::sleep_for(pause);
    }
  });
}

std::string Load::events_body(std::int64_t round, const std::string& source) const {
  std::string body;
  const std::string time = format_rfc3339(system_clock().now().value);
  for (int i = 0; i < kEventsABody; ++i) {
    const auto which = static_cast<std::size_t>(round * kEventsABody + i) % subscriptions_.size();
    body += fmt::format(R"({{"source":"{}","id":"{}-{}","time":"{}","subscription":"{}"}})"
                        "\n",
                        source, round, i, time, subscriptions_[which]);
  }
  return body;
}

void Load::events() {
  run([this, source = random_hex(6)](std::int64_t round) {
    return Request{"/v1/events", events_body(round, source), "application/x-ndjson", 202,
                   kEventsABody};
  });
}

void Load::quota_reads() {
  run([this](std::int64_t round) {
    const auto which = static_cast<std::size_t>(round) % subscriptions_.size();
    return Request{
        round % 2 == 0 ? "/v1/freshness" : "/v1/subscriptions/" + subscriptions_[which] + "/usage",
        ""};
  });
}

void Load::checks() {
  run(
      [this](std::int64_t round) {
        const auto which = static_cast<std::size_t>(round) % subscriptions_.size();
        return Request{
            "/v1/check",
            fmt::format(R"({{"subscription":"{}","costs":[{{"meter":"requests","cost":1}}]}})",
                        subscriptions_[which])};
      },
      kShortPause);
}

void Load::queries() {
  run([from_us =
           system_clock().now().value / kMicrosPerSecond * kMicrosPerSecond](std::int64_t round) {
    if (round % 2 == 0) return Request{"/v1/schema", ""};
    return Request{"/v1/query?granularity=all&metrics=requests&from=" + format_rfc3339(from_us) +
                       "&to=" + format_rfc3339(from_us + 3600 * kMicrosPerSecond),
                   ""};
  });
}

void Load::finish() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
}

void Load::failed(const std::string& what) {
  const std::lock_guard lock(mutex_);
  if (failures_.size() < kFailuresKept) {
    failures_.push_back(format_rfc3339(system_clock().now().value) + " " + what);
  }
}

std::vector<std::string> Load::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace weir::test
