#include "base/http/rate_limit.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr RateLimit::Time kStart{std::chrono::hours(1000)};

int let_through(RateLimit& limit, const char* key, RateLimit::Time now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += limit.refuse(key, now) ? 0 : 1;
  return count;
}

TEST(RateLimit, zero_lets_everything_through) {
  RateLimit limit(0, 5);
  EXPECT_EQ(let_through(limit, "a", kStart, 10'000), 10'000);
}

TEST(RateLimit, burst_is_let_through_and_then_as_many_as_the_rate) {
  RateLimit limit(10, 25);
  EXPECT_EQ(let_through(limit, "a", kStart, 100), 25);
  EXPECT_EQ(let_through(limit, "a", kStart + 99ms, 100), 0);
  EXPECT_EQ(let_through(limit, "a", kStart + 100ms, 100), 1);
  EXPECT_EQ(let_through(limit, "a", kStart + 1100ms, 100), 10);
  EXPECT_EQ(let_through(limit, "a", kStart + 1h, 100), 25);  // it holds no more than that
}

TEST(RateLimit, keys_have_buckets_of_their_own) {
  RateLimit limit(1, 2);
  EXPECT_EQ(let_through(limit, "a", kStart, 10), 2);
  EXPECT_EQ(let_through(limit, "b", kStart, 10), 2);
}

TEST(RateLimit, refused_ones_are_told_when_there_is_a_token_and_then_there_is) {
  RateLimit limit(1, 3);
  EXPECT_EQ(let_through(limit, "a", kStart, 3), 3);
  EXPECT_EQ(limit.refuse("a", kStart), 1);
  EXPECT_EQ(limit.refuse("a", kStart + 999ms), 1);
  EXPECT_EQ(limit.refuse("a", kStart + 1s), std::nullopt);
}

TEST(RateLimit, without_a_burst_it_is_one_seconds_worth) {
  RateLimit limit(7, 0);
  EXPECT_EQ(let_through(limit, "a", kStart, 100), 7);
}

TEST(RateLimit, refusals_cost_no_tokens) {
  RateLimit limit(2, 1);
  EXPECT_EQ(let_through(limit, "a", kStart, 1000), 1);
  EXPECT_EQ(let_through(limit, "a", kStart + 500ms, 1000), 1);
}

}  // namespace
}  // namespace weir
