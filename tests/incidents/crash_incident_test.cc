// Incident 1: a change to one side crashes it. Analytics aborts over and over, is killed for want of
// memory over and over, and burns every core, each through whole closes: every bill is what the traffic
// comes to, and quota's lag stays small. Then the other way round: quota crashes, analytics answers.
//
// CPU is divided by the control groups' weight (cpu.shares, cpu.weight), not by nice. Needs root.
#include "tests/incidents/cgroup.h"
#include "tests/incidents/incident.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::IsEmpty;

class Crash : public Incident {
 protected:
  Crash() { feed(); }
};

TEST_F(Crash, analytics_aborts_over_and_over_through_closes_and_no_bill_notices) {
  count();
  {
    const CrashLoop crashing(weir_, {"weir-analytics", {"consume", "serve", "compact"}});
    ASSERT_TRUE(eventually(seconds(60), [&] { return crashing.crashes() >= 3; }));
    money_goes_on();
    EXPECT_TRUE(eventually(seconds(60), [&] { return crashing.crashes() >= 10; }));
    feeder_->finish();
    every_bill_is_exact();
  }
  const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
  analytics_has_everything(*consumer);
}

TEST_F(Crash, analytics_is_killed_for_want_of_memory_over_and_over_and_no_bill_notices) {
  // About half of what it needs.
  const Cgroup analytics({.memory_bytes = 8 << 20});
  count();
  {
    const CrashLoop starving(weir_, {"weir-analytics", {"consume"}, 0, &analytics});
    ASSERT_TRUE(eventually(seconds(90), [&] { return analytics.oom_kills() >= 1; }));
    money_goes_on();
    const std::int64_t killed = analytics.oom_kills();
    EXPECT_TRUE(eventually(seconds(90), [&] { return analytics.oom_kills() > killed + 1; }));
    feeder_->finish();
    every_bill_is_exact();
  }
  const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
  analytics_has_everything(*consumer);
}

TEST_F(Crash, analytics_burns_every_core_with_its_small_weight_and_no_bill_notices) {
  const Cgroup analytics({.cpu_weight = 10}), quota({.cpu_weight = 1000});
  count(&quota);
  std::vector<std::unique_ptr<ChildProcess>> burners;
  for (unsigned i = 0; i < 2 * std::max(1u, std::thread::hardware_concurrency()); ++i) {
    burners.push_back(std::make_unique<ChildProcess>(
        analytics.around({"/usr/bin/timeout", "240", "/bin/sh", "-c", "while :; do :; done"}),
        weir_.folder() + "/burner"));
  }
  ChildProcess consumer(analytics.around(weir_.command("weir-analytics", {"consume"})),
                        weir_.folder() + "/consumer");
  ASSERT_TRUE(eventually(seconds(60), [&] { return analytics.cpu_us() > 100'000; }));
  const std::int64_t burnt = analytics.cpu_us();
  money_goes_on();
  EXPECT_GT(analytics.cpu_us(), burnt) << "somebody burnt what quota left";
  for (const auto& burner : burners) EXPECT_TRUE(burner->running());
  feeder_->finish();
  every_bill_is_exact();

  burners.clear();
  analytics_has_everything(consumer);
}

TEST_F(Crash, quota_aborts_over_and_over_while_analytics_answers_every_question) {
  const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
  const auto queries = weir_.start("weir-analytics", {"serve"}, "queries");
  ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.analytics_rows() > 0; }))
      << tail_of(consumer->err());
  Questions questions(question(*queries), key_);
  {
    const CrashLoop crashing(weir_, {"weir-quota", {"consume", "serve"}});
    ASSERT_TRUE(eventually(seconds(60), [&] { return crashing.crashes() >= 3; }));
    const std::int64_t before = answered_requests(*queries);
    EXPECT_TRUE(eventually(seconds(60), [&] { return crashing.crashes() >= 10; }));
    EXPECT_TRUE(eventually(seconds(60), [&] { return answered_requests(*queries) > before; }))
        << "answers go with the traffic";
  }
  questions.finish();
  EXPECT_GT(questions.asked(), 20);
  EXPECT_THAT(questions.failures(), IsEmpty());
  feeder_->finish();
  analytics_has_everything(*consumer);
  EXPECT_TRUE(
      eventually(seconds(30), [&] { return answered_requests(*queries) == feeder_->events(); }));

  count();
  every_bill_is_exact();
}

TEST_F(Crash, with_quota_down_analytics_answers_and_nobody_is_charged_until_it_is_back) {
  count();
  const auto consumer = weir_.start("weir-analytics", {"consume"}, "consumer");
  const auto queries = weir_.start("weir-analytics", {"serve"}, "queries");
  ASSERT_TRUE(eventually(seconds(30), [&] { return weir_.applied_to() > 0; }));
  ASSERT_EQ(quota_->stop(seconds(20)), 0) << quota_->err();
  (void)weir_.run("weir-billing", {"run"});
  const std::int64_t charged = weir_.charged_minor();

  const std::int64_t before = feeder_->events();
  ASSERT_TRUE(eventually(seconds(60), [&] { return feeder_->events() > before + 2000; }));
  EXPECT_EQ(weir_.run("weir-billing", {"run"}).exit_code, 75);
  feeder_->finish();
  analytics_has_everything(*consumer);
  EXPECT_TRUE(
      eventually(seconds(30), [&] { return answered_requests(*queries) == feeder_->events(); }));
  EXPECT_EQ(weir_.charged_minor(), charged);

  count();
  every_bill_is_exact();
}

}  // namespace
}  // namespace weir::test
