#include "base/token_bucket.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <vector>

namespace weir {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
const TokenRate kTenASecond{.units = 10, .per_us = kSecond, .burst = 20};

TEST(TokenBucketTest, starts_full_and_refills_at_its_rate) {
  TokenBucket bucket(kTenASecond, 0);
  EXPECT_EQ(bucket.level(0), 20);
  bucket.take(20, 0);
  EXPECT_FALSE(bucket.has(1, 99'999));
  EXPECT_TRUE(bucket.has(1, 100'000));
  EXPECT_EQ(bucket.level(10 * kSecond), 20) << "never above the burst";
}

TEST(TokenBucketTest, says_how_long_to_wait) {
  TokenBucket bucket(kTenASecond, 0);
  bucket.take(20, 0);
  EXPECT_EQ(bucket.wait_us(1, 0), 100'000);
  EXPECT_EQ(bucket.wait_us(20, 0), 2 * kSecond);
  EXPECT_EQ(bucket.wait_us(21, 0), std::nullopt) << "never: more than the burst";
}

TEST(TokenBucketTest, a_clock_that_goes_back_gives_nothing) {
  TokenBucket bucket(kTenASecond, 10 * kSecond);
  bucket.take(20, 10 * kSecond);
  EXPECT_EQ(bucket.level(0), 0);
  EXPECT_EQ(bucket.level(10 * kSecond), 0);
}

TEST(TokenBucketTest, the_greatest_rates_do_not_overflow) {
  const std::int64_t most = std::int64_t{1} << 53;
  TokenBucket bucket({.units = most, .per_us = 1, .burst = most}, 0);
  bucket.take(most, 0);
  EXPECT_EQ(bucket.level(INT64_MAX / 2), most);
}

struct Ask {
  std::int64_t after_us;
  std::int64_t cost;
};

/// Asks in turn, takes what it may; the moments and amounts that were taken.
std::vector<Ask> taken(const TokenRate& rate, const std::vector<Ask>& asks) {
  TokenBucket bucket(rate, 0);
  std::vector<Ask> out;
  std::int64_t now = 0;
  for (const Ask& ask : asks) {
    now += ask.after_us;
    if (!bucket.has(ask.cost, now)) continue;
    bucket.take(ask.cost, now);
    out.push_back({now, ask.cost});
  }
  return out;
}

std::vector<Ask> any_asks() {
  const auto pairs = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 3'000'000), rc::gen::inRange(0, 30)));
  std::vector<Ask> asks;
  for (const auto& [after, cost] : pairs) asks.push_back({after, cost});
  return asks;
}

TokenRate any_rate() {
  return {*rc::gen::inRange<std::int64_t>(1, 50), *rc::gen::inRange<std::int64_t>(1, 2'000'000),
          *rc::gen::inRange<std::int64_t>(1, 50)};
}

TEST(TokenBucketProperty, no_stretch_of_time_passes_more_than_burst_and_rate_allow) {
  EXPECT_TRUE(rc::check([] {
    const TokenRate rate = any_rate();
    const std::vector<Ask> out = taken(rate, any_asks());
    for (std::size_t first = 0; first < out.size(); ++first) {
      std::int64_t sum = 0;
      for (std::size_t last = first; last < out.size(); ++last) {
        sum += out[last].cost;
        const std::int64_t stretch = out[last].after_us - out[first].after_us;
        RC_ASSERT((sum - rate.burst) * rate.per_us <= stretch * rate.units);
      }
    }
  }));
}

TEST(TokenBucketProperty, waiting_exactly_as_long_as_told_is_enough_and_less_is_not) {
  EXPECT_TRUE(rc::check([] {
    const TokenRate rate = any_rate();
    TokenBucket bucket(rate, 0);
    bucket.take(*rc::gen::inRange<std::int64_t>(0, rate.burst + 1), 0);
    const auto cost = *rc::gen::inRange<std::int64_t>(0, rate.burst + 1);
    const std::int64_t wait = bucket.wait_us(cost, 0).value();
    TokenBucket early = bucket;
    RC_ASSERT(wait == 0 || !early.has(cost, wait - 1));
    RC_ASSERT(bucket.has(cost, wait));
  }));
}

}  // namespace
}  // namespace weir
