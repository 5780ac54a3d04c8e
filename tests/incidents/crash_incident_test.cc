// What happens to one side changes nothing on the other: analytics crashes over and over through a whole
// close, its disk is full to the last byte, and the other way round, quota is down while analytics answers.
// Traffic runs all the while, and every bill comes out to the unit.
#include "base/time.h"
#include "tests/faults/feeder.h"
#include "tests/faults/servers.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

const std::vector<std::string> kSubscriptions = {"s0", "s1", "s2"};

/// Runs, is killed before it could do much, and runs again.
class CrashLoop {
 public:
  CrashLoop(Deployment& weir, const std::vector<std::string>& commands) {
    for (const std::string& command : commands) {
      threads_.emplace_back([this, &weir, command](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          auto process = weir.start("weir-analytics", {command}, "crashing-" + command);
          // Some die at once and some in the middle of a commit.
          (void)process->wait(seconds(crashes_ % 3));
          process->kill_hard();
          ++crashes_;
        }
      });
    }
  }
  int crashes() const { return crashes_; }

 private:
  std::atomic<int> crashes_ = 0;
  std::vector<std::jthread> threads_;
};

class Incident : public ::testing::Test {
 protected:
  Incident() {
    weir_.apply_catalog(one_price(kSubscriptions, "2s", "0.01", now_second_us()));
    key_ = weir_.api_key("acme");  // before anybody reads the keys
    count();
  }
  void count() { quota_ = weir_.start("weir-quota", {"consume"}, "quota"); }
  void feed() { feeder_ = std::make_unique<Feeder>(weir_, FeederOptions{kSubscriptions, 4, 10}); }

  /// What stood in the stream a moment ago is applied soon, again and again, and bills go out.
  void money_goes_on() {
    for (int round = 0; round < 5; ++round) {
      const std::int64_t end = weir_.log_end(), charged = weir_.charged_minor();
      EXPECT_TRUE(eventually(seconds(20), [&] { return weir_.applied_to() >= end; }))
          << weir_.applied_to() << " of " << end << quota_->err();
      EXPECT_TRUE(eventually(seconds(30),
                             [&] {
                               (void)weir_.run("weir-billing", {"run"});
                               return weir_.charged_minor() > charged;
                             }))
          << "round " << round;
    }
  }
  void every_bill_is_exact() {
    EXPECT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() >= weir_.log_end(); }))
        << quota_->err();
    EXPECT_EQ(weir_.counted_units(), feeder_->events());
    // One minor unit an event.
    EXPECT_TRUE(eventually(seconds(90), [&] {
      (void)weir_.run("weir-billing", {"run"});
      return weir_.charged_minor() >= feeder_->events();
    }));
    EXPECT_EQ(weir_.charged_minor(), feeder_->events());
    const Finished verified = weir_.run("weir-billing", {"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  void analytics_has_everything(const ChildProcess& consumer) {
    EXPECT_TRUE(
        eventually(seconds(90), [&] { return weir_.analytics_rows() >= feeder_->events(); }))
        << weir_.analytics_rows() << " of " << feeder_->events() << consumer.err();
    EXPECT_EQ(weir_.analytics_rows(), feeder_->events());
  }

  Deployment weir_;
  std::string key_;
  std::unique_ptr<ChildProcess> quota_;
  std::unique_ptr<Feeder> feeder_;
};

TEST_F(Incident, analytics_crashes_over_and_over_through_closes_and_no_bill_notices) {
  feed();
  {
    const CrashLoop crashing(weir_, {"consume", "serve", "compact"});
    ASSERT_TRUE(eventually(seconds(60), [&] { return crashing.crashes() >= 3; }));
    money_goes_on();
    EXPECT_TRUE(eventually(seconds(60), [&] { return crashing.crashes() >= 10; }));
    feeder_->finish();
    every_bill_is_exact();
  }
  const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
  analytics_has_everything(*consumer);
}

TEST_F(Incident,
       with_the_analytics_disk_full_to_the_last_byte_no_bill_notices_and_analytics_catches_up) {
  SmallVolume disk(weir_.folder() + "/analytics", 256);
  feed();
  {
    const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.analytics_rows() > 0; }))
        << consumer->err();
    disk.fill();
    ASSERT_TRUE(disk.is_full());
    money_goes_on();
    EXPECT_TRUE(eventually(seconds(60), [&] {
      return consumer->err().find("consumption pauses") != std::string::npos;
    })) << consumer->err();
    EXPECT_TRUE(consumer->running());
    EXPECT_LT(weir_.analytics_rows(), feeder_->events());

    disk.make_room();
    feeder_->finish();
    analytics_has_everything(*consumer);
  }
  every_bill_is_exact();
}

TEST_F(Incident, with_quota_down_analytics_answers_and_nobody_is_charged_until_it_is_back) {
  const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
  const auto queries = weir_.start("weir-analytics", {"serve"}, "queries");
  const std::int64_t from_us = now_second_us() - 60 * kMicrosPerSecond;
  feed();
  ASSERT_TRUE(eventually(seconds(30), [&] { return weir_.applied_to() > 0; }));
  ASSERT_EQ(quota_->stop(seconds(20)), 0) << quota_->err();
  (void)weir_.run("weir-billing", {"run"});
  const std::int64_t charged = weir_.charged_minor();

  const std::int64_t before = feeder_->events();
  ASSERT_TRUE(eventually(seconds(60), [&] { return feeder_->events() > before + 2000; }));
  EXPECT_EQ(weir_.run("weir-billing", {"run"}).exit_code, 75);
  feeder_->finish();
  analytics_has_everything(*consumer);
  const std::string query =
      weir_.url_of(*queries) +
      "/v1/query?granularity=all&metrics=requests&from=" + format_rfc3339(from_us) +
      "&to=" + format_rfc3339(from_us + 3600 * kMicrosPerSecond);
  const std::string answer = fmt::format("\"requests\":{}", feeder_->events());
  EXPECT_TRUE(eventually(seconds(30), [&] {
    return weir_.get(query, "acme").second.find(answer) != std::string::npos;
  })) << weir_.get(query, "acme").second;
  EXPECT_EQ(weir_.charged_minor(), charged);

  count();
  every_bill_is_exact();
}

}  // namespace
}  // namespace weir::test
