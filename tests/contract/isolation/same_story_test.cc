// The same random calls on the real PostgreSQL and on the ledger in memory tell the same story.
#include "tests/contract/isolation/random_calls.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr int kSeeds = 6, kCalls = 60;

TEST(SameStory, every_call_gives_the_same_on_both_ledgers) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto real = postgres_under_test(), memory = memory_under_test();
    RandomCalls on_real(*real, seed), on_memory(*memory, seed);
    for (int call = 0; call < kCalls; ++call) {
      ASSERT_EQ(on_real.next(), on_memory.next()) << "seed " << seed << " call " << call;
      if (call % 10 != 9) continue;
      ASSERT_EQ(on_real.look(), on_memory.look()) << "seed " << seed << " call " << call;
    }
  }
}

}  // namespace
}  // namespace weir
