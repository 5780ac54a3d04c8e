#include "base/backoff.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, each_wait_lies_between_the_base_and_three_times_the_last_one) {
  Backoff backoff(1);
  Micros last = 50ms;
  for (int i = 0; i < 1000; ++i) {
    const Micros wait = backoff.next();
    ASSERT_GE(wait, 50ms);
    ASSERT_LE(wait, std::min<Micros>(10s, 3 * last));
    last = wait;
  }
}

TEST(Backoff, waits_reach_the_cap_and_never_pass_it) {
  Backoff backoff(2);
  Micros most{};
  for (int i = 0; i < 1000; ++i) most = std::max(most, backoff.next());
  EXPECT_EQ(most, 10s);
}

TEST(Backoff, the_same_seed_repeats_and_another_does_not) {
  Backoff a(3), b(3), c(4);
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const Micros wait = a.next();
    EXPECT_EQ(wait, b.next());
    differs = differs || wait != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Backoff, starts_again_after_a_success) {
  Backoff backoff(5);
  for (int i = 0; i < 50; ++i) backoff.next();
  backoff.reset();
  EXPECT_LE(backoff.next(), 150ms);
}

}  // namespace
}  // namespace weir
