// kill -9 of everything, one after the other, while events keep coming by HTTP: each process of Weir, the
// broker and the database. A client that sends a body again until it is 202 loses nothing and is
// counted once.
#include "base/http/client.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <atomic>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr int kEventsABody = 50;

// Sends bodies for as long as it lives, each again until it is taken.
class Client {
 public:
  Client(const std::string& key, std::atomic<std::uint16_t>& port)
      : thread_([this, key, &port](const std::stop_token& stop) { send_all(stop, key, port); }) {}
  std::int64_t events() const { return sent_; }
  void finish() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  void send_all(const std::stop_token& stop, const std::string& key,
                const std::atomic<std::uint16_t>& port) {
    HttpClient http;
    for (int body = 0; !stop.stop_requested(); ++body) {
      const std::string text = body_of(body);
      while (true) {
        auto reply =
            http.post(fmt::format("http://127.0.0.1:{}/v1/events", port.load()),
                      {{"Authorization", "Bearer " + key}, {"Content-Type", "application/json"}},
                      text, Deadline::in(seconds(15)));
        if (reply && reply->status == 202) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));  // not to spin
      }
      sent_ += kEventsABody;
    }
  }
  static std::string body_of(int body) {
    const std::string time = format_rfc3339(system_clock().now().value);
    std::string text = "[";
    for (int i = 0; i < kEventsABody; ++i) {
      text += fmt::format(
          R"({}{{"source":"crash","id":"{}-{}","time":"{}","subscription":"s{}","route":"/a"}})",
          i == 0 ? "" : ",", body, i, time, i % 3);
    }
    return text + "]";
  }

  std::atomic<std::int64_t> sent_ = 0;
  std::jthread thread_;
};

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

TEST(Crash, totals_are_exact_after_kill_9_of_every_process_the_broker_and_the_database) {
  Deployment weir;
  weir.apply_catalog(one_price({"s0", "s1", "s2"}, "day", "0.01", now_second_us()));
  const std::string key = weir.api_key("acme");
  const auto collect = [&] { return weir.start("weir-ingest", {"serve"}, "collector"); };
  const auto count = [&] { return weir.start("weir-quota", {"run"}, "quota"); };
  const auto segment = [&] { return weir.start("weir-analytics", {"consume"}, "segments"); };
  auto collector = collect();
  auto quota = count();
  auto segments = segment();
  std::atomic<std::uint16_t> port = port_of(weir.url_of(*collector));
  Client client(key, port);

  const auto traffic_goes_on = [&] {
    const std::int64_t before = client.events(), applied = weir.applied_to();
    ASSERT_TRUE(eventually(seconds(90),
                           [&] { return client.events() > before && weir.applied_to() > applied; }))
        << collector->err().substr(collector->err().size() > 2000 ? collector->err().size() - 2000
                                                                  : 0);
  };
  const auto restart = [&](std::unique_ptr<ChildProcess>& process, const auto& start) {
    process->kill_hard();
    process = start();
    traffic_goes_on();
  };
  traffic_goes_on();
  restart(collector, [&] {
    auto again = collect();
    // The log is appended to: the new address is the last one.
    eventually(seconds(30), [&] { return port_of(weir.url_of(*again)) != port.load(); });
    port = port_of(weir.url_of(*again));
    return again;
  });
  restart(quota, count);
  restart(segments, segment);
  if (!on_file_log()) kill_and_start("kafka");
  traffic_goes_on();
  kill_and_start("postgres");
  weir.reconnect();
  traffic_goes_on();
  restart(quota, count);

  client.finish();
  ASSERT_TRUE(eventually(seconds(90), [&] { return weir.applied_to() == weir.log_end(); }))
      << quota->err();
  weir.expect_counts_add_up();
  EXPECT_EQ(weir.sql_number("select sum(units) from quota.usage"), client.events());
  ASSERT_TRUE(eventually(seconds(90), [&] {
    return weir.analytics_applied_to() == weir.log_end();
  })) << segments->err();
  EXPECT_EQ(weir.analytics_rows(), client.events());
}

}  // namespace
}  // namespace weir::test
