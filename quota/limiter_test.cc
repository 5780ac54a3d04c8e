#include "quota/limiter.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

Plan test_plan() {
  Plan plan;
  plan.id = "pro";
  plan.quotas = {{.meter = "requests", .units = 100, .hard = true},
                 {.meter = "tokens", .units = 10, .hard = false}};
  plan.rate_limits = {
      {.meter = "requests", .units = 2, .per_us = kSecond, .burst = 4},
      {.meter = "tokens", .units = 1, .per_us = kSecond, .burst = 1000},
  };
  return plan;
}

class LimiterTest : public ::testing::Test {
 protected:
  Decision ask(std::vector<Cost> costs, std::int64_t now_us = 0) {
    return limiter_.decide("acme", subscription_, {&plan_, {0, 3600 * kSecond}}, sums_, costs,
                           {now_us, now_us});
  }
  std::int64_t tokens_left(const char* meter) {
    for (const LimitState& limit : ask({}).limits) {
      if (limit.kind == LimitState::Kind::rate && limit.meter == meter) return limit.remaining;
    }
    return -1;
  }

  Plan plan_ = test_plan();
  MeterSums sums_;
  std::string subscription_ = "sub-1";
  Limiter limiter_{2};
};

TEST_F(LimiterTest, a_wall_clock_that_is_set_back_stops_no_bucket_and_one_set_forward_fills_none) {
  const auto at = [&](std::int64_t wall_us, std::int64_t steady_us) {
    const std::vector<Cost> costs = {{"requests", 4}};
    return limiter_
        .decide("acme", subscription_, {&plan_, {0, 3600 * kSecond}}, sums_, costs,
                {wall_us, steady_us})
        .allowed;
  };
  EXPECT_TRUE(at(3000 * kSecond, 0));
  EXPECT_TRUE(at(1000 * kSecond, 2 * kSecond));
  EXPECT_FALSE(at(3500 * kSecond, 3 * kSecond));
}

TEST_F(LimiterTest, consumes_what_it_allows) {
  EXPECT_TRUE(ask({{"requests", 3}}).allowed);
  EXPECT_EQ(tokens_left("requests"), 1);
}

TEST_F(LimiterTest, one_refusal_consumes_nothing_anywhere) {
  const Decision refused = ask({{"tokens", 5}, {"requests", 5}});
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(tokens_left("tokens"), 1000);
  EXPECT_EQ(tokens_left("requests"), 4);
}

TEST_F(LimiterTest, a_cost_of_nothing_asks_and_consumes_nothing) {
  EXPECT_TRUE(ask({{"requests", 0}}).allowed);
  EXPECT_EQ(tokens_left("requests"), 4);
}

TEST_F(LimiterTest, the_same_meter_named_twice_is_one_sum) {
  EXPECT_FALSE(ask({{"requests", 3}, {"requests", 2}}).allowed);
  EXPECT_TRUE(ask({{"requests", 2}, {"requests", 2}}).allowed);
  EXPECT_EQ(tokens_left("requests"), 0);
}

TEST_F(LimiterTest, a_hard_quota_refuses_and_waiting_for_the_next_period_helps) {
  sums_["requests"] = {99, 0};
  EXPECT_TRUE(ask({{"requests", 1}}).allowed);
  const Decision refused = ask({{"requests", 2}}, 10 * kSecond);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_us(), 3590 * kSecond);
}

TEST_F(LimiterTest, a_soft_quota_reports_and_never_refuses) {
  sums_["tokens"] = {500, 0};
  const Decision decision = ask({{"tokens", 1}});
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.limits.front().remaining, 0);
  EXPECT_EQ(decision.limits.front().used, 500);
}

TEST_F(LimiterTest, retry_after_is_the_longest_wait_and_none_when_waiting_is_useless) {
  ASSERT_TRUE(ask({{"requests", 4}}).allowed);
  EXPECT_EQ(ask({{"requests", 1}}).retry_us(), kSecond / 2);
  EXPECT_EQ(ask({{"requests", 5}}).retry_us(), std::nullopt);
}

TEST_F(LimiterTest, subscriptions_have_buckets_of_their_own) {
  ASSERT_TRUE(ask({{"requests", 4}}).allowed);
  subscription_ = "sub-2";
  EXPECT_TRUE(ask({{"requests", 4}}).allowed);
}

TEST_F(LimiterTest, changed_rates_count_at_once) {
  ASSERT_TRUE(ask({{"requests", 4}}).allowed);
  plan_.rate_limits[0].burst = 9;
  EXPECT_EQ(tokens_left("requests"), 9);
}

TEST_F(LimiterTest, memory_is_bounded_and_the_longest_unused_goes_first) {
  ASSERT_TRUE(ask({{"requests", 4}}).allowed);
  for (const char* name : {"sub-2", "sub-3"}) {
    subscription_ = name;
    ask({{"requests", 1}});
  }
  EXPECT_EQ(tokens_left("requests"), 3) << "the latest is kept";
  subscription_ = "sub-1";
  EXPECT_EQ(tokens_left("requests"), 4) << "forgotten, so full again";
}

}  // namespace
}  // namespace weir
