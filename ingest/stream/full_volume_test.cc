// The volume of the identity index is full, or away: nothing is thrown away for it, what is read goes on
// in memory up to a bound, and when there is room again the index is sealed as if nothing had been.
#include "ingest/stream/loop_fixture.h"

#include <fstream>
#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr PartitionId kZero{0};

class FullVolumeTest : public LoopTest {
 protected:
  FullVolumeTest() { options.identity.open_age_max = std::chrono::minutes(5); }

  /// Nothing can be written where the folder was, and no new one made.
  void take_volume(const std::string& folder) const {
    std::filesystem::rename(folder_ + "/" + folder, folder_ + "/" + folder + ".away");
    std::ofstream(folder_ + "/" + folder) << "no folder";
  }
  void bring_volume(const std::string& folder) const {
    std::filesystem::remove(folder_ + "/" + folder);
    std::filesystem::rename(folder_ + "/" + folder + ".away", folder_ + "/" + folder);
  }
  void put_over_hours(int events, const std::string& name) {
    for (int i = 0; i < events; ++i) {
      put(0, name + std::to_string(i));
      clock.advance(std::chrono::minutes(10));
    }
  }
  void put_many(int events, const std::string& name) {
    std::string array;
    for (int i = 0; i < events; ++i) {
      array += (i == 0 ? "[" : ",") + event(name + std::to_string(i), subscription_of(0));
    }
    stream.put(kZero, "", array + "]", subscription_of(0));
  }
  const std::vector<Generation>& generations() { return ledger.progress[kZero].generations; }
};

TEST_F(FullVolumeTest, R5_a_seal_that_fails_is_tried_again_and_nothing_is_read_twice) {
  auto c = consumer();
  settle(*c);
  take_volume("a");
  put_over_hours(6, "e");
  settle(*c);
  EXPECT_EQ(next(0).value, 6) << "the index stays in memory, and events are applied";
  EXPECT_EQ(c->handler->loads, 1);
  EXPECT_THAT(generations(), IsEmpty());
  bring_volume("a");
  clock.advance(std::chrono::seconds(30));
  settle(*c);
  EXPECT_FALSE(generations().empty());
  EXPECT_EQ(stream.seen().delivered, 6);
  put(0, "e0");
  settle(*c);
  EXPECT_EQ(times_applied("e0"), 1);
}

// While the index was read again, the first span of open_age_max was to be sealed; that failed, and the
// partition began anew, for ever.
TEST_F(FullVolumeTest, R5_an_index_is_read_whole_while_its_volume_is_full) {
  {
    auto first = consumer("a");
    put_over_hours(6, "e");
    settle(*first);
    ASSERT_EQ(next(0).value, 6);
  }
  auto c = consumer("b");
  read_without_commit(*c, 2);  // assigned, loaded: its folder is open
  take_volume("b");
  put(0, "e0");
  put(0, "later");
  settle(*c, 100);
  EXPECT_EQ(times_applied("later"), 1);
  EXPECT_EQ(times_applied("e0"), 1);
  EXPECT_THAT(c->loop->not_ready(), IsEmpty());
}

TEST_F(FullVolumeTest, R5_at_its_hard_bound_an_index_lets_nothing_more_be_read_until_it_is_sealed) {
  options.identity.open_bytes_max = 64 << 10;  // of each partition, too: the least share
  auto c = consumer();
  settle(*c);
  take_volume("a");
  constexpr int kRecords = 60;
  for (int i = 0; i < kRecords; ++i) put_many(200, "r" + std::to_string(i) + "-");
  settle(*c, 200);
  const std::int64_t stopped_at = next(0).value;
  EXPECT_GT(stopped_at, 5);
  EXPECT_LT(stopped_at, kRecords);
  EXPECT_THAT(c->loop->not_ready(), Contains(HasSubstr("identity index cannot be sealed")));
  settle(*c, 50);
  EXPECT_EQ(next(0).value, stopped_at);
  bring_volume("a");
  clock.advance(std::chrono::seconds(30));
  settle(*c, 200);
  EXPECT_EQ(next(0).value, kRecords);
  EXPECT_THAT(c->loop->not_ready(), IsEmpty());
  EXPECT_EQ(c->handler->loads, 1);
  expect_identity_holds(*c);
}

}  // namespace
}  // namespace weir
