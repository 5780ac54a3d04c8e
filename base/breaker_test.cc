#include "base/breaker.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

class BreakerTest : public testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(breaker_.admits());
      breaker_.failed();
    }
  }
  ManualClock clock_{WallTime(1'000'000'000)};
  Breaker breaker_{{.failures_max = 3, .open_for = 10s, .open_for_max = 2min}, clock_};
};

TEST_F(BreakerTest, opens_after_so_many_failures_in_a_row_and_not_before) {
  fail(2);
  EXPECT_EQ(breaker_.state(), State::closed);
  breaker_.succeeded();
  fail(2);
  EXPECT_EQ(breaker_.state(), State::closed) << "a success began the row anew";
  fail(1);
  EXPECT_EQ(breaker_.state(), State::open);
  EXPECT_FALSE(breaker_.admits());
}

TEST_F(BreakerTest, stays_open_for_its_wait_and_then_lets_one_call_try) {
  fail(3);
  const Micros wait = breaker_.wait_left();
  EXPECT_GE(wait, 10s);
  clock_.advance(wait - 1us);
  EXPECT_FALSE(breaker_.admits());
  clock_.advance(1us);
  EXPECT_EQ(breaker_.state(), State::half_open);
  EXPECT_TRUE(breaker_.admits());
  EXPECT_FALSE(breaker_.admits()) << "one try, until it has an end";
}

TEST_F(BreakerTest, a_try_that_succeeds_closes_it_and_forgets_the_failures) {
  fail(3);
  clock_.advance(breaker_.wait_left());
  ASSERT_TRUE(breaker_.admits());
  breaker_.succeeded();
  EXPECT_EQ(breaker_.state(), State::closed);
  EXPECT_EQ(breaker_.failures(), 0);
  fail(2);
  EXPECT_TRUE(breaker_.admits());
}

TEST_F(BreakerTest, a_try_that_fails_opens_it_again_at_once) {
  fail(3);
  clock_.advance(breaker_.wait_left());
  ASSERT_TRUE(breaker_.admits());
  breaker_.failed();
  EXPECT_EQ(breaker_.state(), State::open);
  EXPECT_GE(breaker_.wait_left(), 10s);
}

TEST_F(BreakerTest, waits_grow_to_their_cap_and_begin_small_after_a_success) {
  fail(3);
  Micros most{};
  for (int i = 0; i < 200; ++i) {
    most = std::max(most, breaker_.wait_left());
    ASSERT_LE(breaker_.wait_left(), 2min);
    clock_.advance(breaker_.wait_left());
    ASSERT_TRUE(breaker_.admits());
    breaker_.failed();
  }
  EXPECT_EQ(most, 2min);
  clock_.advance(breaker_.wait_left());
  ASSERT_TRUE(breaker_.admits());
  breaker_.succeeded();
  fail(3);
  EXPECT_LE(breaker_.wait_left(), 30s);
}

TEST_F(BreakerTest, a_week_away_costs_a_call_for_each_wait_and_no_more) {
  fail(3);
  int calls = 0;
  for (int minute = 0; minute < 7 * 24 * 60; ++minute) {
    for (int i = 0; i < 100; ++i) {
      if (!breaker_.admits()) continue;
      ++calls;
      breaker_.failed();
    }
    clock_.advance(1min);
  }
  EXPECT_LE(calls, 7 * 24 * 60);
  EXPECT_GE(calls, 7 * 24 * 60 / 3) << "it does try";
}

TEST(BreakerSeeds, processes_with_other_seeds_do_not_come_back_together) {
  ManualClock clock(WallTime(1));
  std::vector<Micros> waits;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Breaker breaker({.failures_max = 1, .open_for = 10s, .seed = seed}, clock);
    ASSERT_TRUE(breaker.admits());
    breaker.failed();
    waits.push_back(breaker.wait_left());
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_EQ(std::unique(waits.begin(), waits.end()), waits.end());
}

}  // namespace
}  // namespace weir
