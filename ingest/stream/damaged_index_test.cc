// R5, from damaged files to what the consumer says of itself: an index that lost a file reads it again
// from the stream, and where the stream no longer has it, the horizon is shorter and everybody is told.
#include "ingest/stream/loop_fixture.h"

#include <fstream>

namespace weir {
namespace {

constexpr PartitionId kZero{0};

class DamagedIndexTest : public LoopTest {
 protected:
  DamagedIndexTest() { options.identity.open_age_max = std::chrono::milliseconds(1); }

  /// Events e0, e1, … in files of their own, two hours apart, since files that are close are merged.
  void fill(int files) {
    auto c = consumer();
    for (int i = 0; i < files; ++i) {
      clock.advance(std::chrono::hours(2));
      sent_.push_back(event("e" + std::to_string(i), subscription_of(0)));
      put_again(sent_.back());
      clock.advance(std::chrono::seconds(1));
      put(0, "f" + std::to_string(i));
      settle(*c);
    }
    ASSERT_GE(generations().size(), static_cast<std::size_t>(files) - 1);
  }
  /// The same event once more, with the time that it bore.
  void put_again(const std::string& json) { stream.put(kZero, "", json, subscription_of(0)); }
  const std::vector<Generation>& generations() { return ledger.progress[kZero].generations; }
  void damage(const Generation& generation) const {
    const std::string path = folder_ + "/a/" + generation.file_name();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.is_open()) << path;
    file.seekg(100);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(100);
    file.put(byte);
  }
  std::vector<std::string> sent_;
  static std::int64_t horizon_from(Consumer& c) {
    return c.metrics->gauge("weir_identity_horizon_from_us", "", {{"partition", "0"}}).value();
  }
};

TEST_F(DamagedIndexTest, R5_a_damaged_file_is_read_again_from_the_stream_and_nothing_counts_twice) {
  fill(4);
  damage(generations()[1]);
  auto c = consumer();
  settle(*c);
  for (const std::string& json : sent_) put_again(json);
  settle(*c);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(times_applied("e" + std::to_string(i)), 1) << i;
  EXPECT_EQ(ledger.progress[kZero].counts.duplicate, 4);
  EXPECT_EQ(horizon_from(*c), 0);
  expect_identity_holds(*c);
}

TEST_F(DamagedIndexTest,
       R5_where_the_stream_lost_it_too_the_horizon_is_shorter_and_the_metric_says_so) {
  fill(4);
  const Generation lost = generations()[1];
  damage(lost);
  stream.retain_from(kZero, Offset{lost.to_offset});
  auto c = consumer();
  put(0, "new");
  settle(*c);
  EXPECT_EQ(times_applied("new"), 1);
  EXPECT_GT(horizon_from(*c), lost.append_max.value);
  EXPECT_EQ(ledger.progress[kZero].horizon_from.value, horizon_from(*c));
  EXPECT_TRUE(ledger.gaps.empty());
}

// R1: what the older incarnation applied and took along can be told from new by nobody.
TEST_F(DamagedIndexTest,
       R6_an_event_from_before_what_an_older_incarnation_took_along_is_unprovable) {
  put(0, "before");
  const std::int64_t written = clock.now().value;
  ledger.progress[kZero].unheld_until = AppendTime{written + 60'000'000};
  clock.advance(std::chrono::hours(1));
  put(0, "after");
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(times_applied("before"), 0);
  EXPECT_EQ(times_applied("after"), 1);
  EXPECT_EQ(ledger.progress[kZero].counts.unprovable, 1);
  EXPECT_EQ(horizon_from(*c), written + 60'000'001);
}

}  // namespace
}  // namespace weir
