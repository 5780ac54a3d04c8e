// What a collector answered 202 is billed, or holds the close with a reason of its own: the broker is away
// for whole periods, the spool is full, the spool is gone with its disk. Real processes, a real broker.
#include "base/http/client.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::int64_t kPeriodUs = 2 * kMicrosPerSecond;

std::int64_t now_us() { return system_clock().now().value; }

DeploymentOptions small_spool() {
  DeploymentOptions options;
  options.more_ingest = "spool_bytes_max = 16777216\nseal_interval = \"1s\"";
  return options;
}

class CollectorFaults : public ::testing::Test {
 protected:
  CollectorFaults() : weir_(small_spool()) {
    weir_.apply_catalog(one_price(subscriptions_, "2s", "1.00", now_second_us()));
    key_ = weir_.api_key("acme");
    collect();
    quota_ = weir_.start("weir-quota", {"consume"}, "quota");
  }
  ~CollectorFaults() override {
    if (broker_is_away_) run_server("start", "kafka");  // for the tests behind this one
  }
  void collect() {
    collector_ = weir_.start("weir-ingest", {"serve"}, fmt::format("collector-{}", ++collectors_));
    url_ = weir_.url_of(*collector_);
  }
  void broker_goes() {
    run_server("kill", "kafka");
    broker_is_away_ = true;
  }
  void broker_comes() {
    run_server("start", "kafka");
    broker_is_away_ = false;
  }

  struct Answer {
    int status = 0;
    std::string retry_after;
  };
  /// One request with `events` events of about `bytes` each, which are remembered when it is taken.
  Answer post(int events, std::size_t bytes = 200) {
    const std::string time = format_rfc3339(now_us());
    const std::string path = "/" + std::string(bytes - std::min<std::size_t>(bytes, 120), 'p');
    std::string body = "[";
    for (int i = 0; i < events; ++i) {
      body += fmt::format(
          R"({}{{"source":"test","id":"{}-{}","time":"{}","subscription":"{}","path":"{}"}})",
          i == 0 ? "" : ",", posted_, i, time,
          subscriptions_[static_cast<std::size_t>(i) % subscriptions_.size()], path);
    }
    ++posted_;
    HttpClient client;
    const auto reply =
        client.post(url_ + "/v1/events",
                    {{"Authorization", "Bearer " + key_}, {"Content-Type", "application/json"}},
                    body + "]", Deadline::in(seconds(10)));
    if (!reply) return {};
    if (reply->status == 202) accepted_ += events;
    for (const auto& [name, value] : reply->headers) {
      if (name == "retry-after") return {reply->status, value};
    }
    return {reply->status, ""};
  }
  void post_well(int events) {
    ASSERT_TRUE(eventually(seconds(60), [&] { return post(events).status == 202; }))
        << collector_->err();
  }

  void expect_charged(std::int64_t events) {
    Finished run{};
    EXPECT_TRUE(eventually(seconds(90),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return weir_.charged_minor() >= events * 100;
                           }))
        << weir_.charged_minor() << " of " << events * 100 << run.out << run.err << quota_->err();
    EXPECT_EQ(weir_.charged_minor(), events * 100);
  }
  void expect_held(const std::string& code) {
    const std::int64_t before = weir_.charged_minor();
    Finished run{};
    EXPECT_TRUE(eventually(seconds(60),
                           [&] {
                             run = weir_.run("weir-billing", {"run", "--json"});
                             return run.exit_code == 75 &&
                                    run.out.find("\"" + code + "\"") != std::string::npos;
                           }))
        << run.exit_code << run.out << run.err;
    EXPECT_EQ(weir_.charged_minor(), before) << "short";
  }

  const std::vector<std::string> subscriptions_ = {"s0", "s1", "s2"};
  Deployment weir_;
  std::string key_, url_;
  std::unique_ptr<ChildProcess> quota_, collector_;
  bool broker_is_away_ = false;
  int collectors_ = 0, posted_ = 0;
  std::int64_t accepted_ = 0;
};

TEST_F(CollectorFaults, R14_with_the_broker_away_over_whole_periods_the_close_waits_for_the_spool) {
  post_well(30);
  expect_charged(30);

  broker_goes();
  const std::int64_t away_since = now_us();
  while (now_us() < away_since + 3 * kPeriodUs) ASSERT_EQ(post(3).status, 202);
  const Finished run = weir_.run("weir-billing", {"run"});
  EXPECT_NE(run.exit_code, 0) << run.out;
  EXPECT_EQ(weir_.charged_minor(), 30 * 100);

  // The broker is back before the collector can reach it: all that the stream holds is applied.
  collector_->signal(SIGSTOP);
  broker_comes();
  expect_held("unsealed");
  collector_->signal(SIGCONT);
  expect_charged(accepted_);
}

TEST_F(CollectorFaults, R14_a_full_spool_says_when_to_come_again_and_keeps_what_it_took) {
  post_well(3);
  broker_goes();
  Answer answer;
  for (int i = 0; i < 100 && answer.status != 503; ++i) answer = post(500, 2000);
  ASSERT_EQ(answer.status, 503);
  EXPECT_NE(answer.retry_after, "");
  EXPECT_GE(accepted_, 500);
  EXPECT_TRUE(collector_->running());

  broker_comes();
  post_well(3);
  expect_charged(accepted_);
}

TEST_F(CollectorFaults, R14_a_spool_that_is_gone_with_its_disk_holds_until_a_person_retires_it) {
  post_well(30);
  expect_charged(30);
  broker_goes();
  ASSERT_EQ(post(9).status, 202);
  collector_->kill_hard();
  std::filesystem::remove_all(weir_.folder() + "/ingest/spool");
  broker_comes();
  collect();
  post_well(6);
  expect_held("unsealed");

  const std::string lost =
      weir_.sql("select producer from quota.producer order by registered_at_us limit 1");
  EXPECT_THAT(weir_.run("weir-billing", {"check"}).out, HasSubstr(lost));
  weir_.run_well("weir-quota", {"producers", "retire", lost, "--by", "ada", "--reason",
                                "its disk burned; at most nine events, agreed with acme"});
  expect_charged(30 + 6);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.audit where actor = 'ada'"), 1);
}

}  // namespace
}  // namespace weir::test
