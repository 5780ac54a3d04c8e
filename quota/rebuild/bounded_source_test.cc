#include "quota/rebuild/bounded_source.h"

#include "ingest/stream/memory_stream.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr PartitionId kZero{0}, kOne{1};

class BoundedSourceTest : public testing::Test {
 protected:
  BoundedSourceTest() {
    for (int i = 0; i < 5; ++i) {
      for (const PartitionId partition : {kZero, kOne}) {
        stream_.put(partition, "", std::to_string(partition.value) + std::to_string(i));
      }
    }
    EXPECT_EQ(source_.poll(Micros{0})->kind, Polled::Kind::assigned);
    for (const PartitionId partition : {kZero, kOne}) {
      EXPECT_TRUE(source_.start(partition, Offset{0}).ok());
    }
  }
  /// All that comes now.
  std::vector<std::string> read() {
    std::vector<std::string> values;
    for (int i = 0; i < 30; ++i) {
      Result<Polled> polled = source_.poll(Micros{0});
      EXPECT_TRUE(polled.ok());
      if (polled->kind == Polled::Kind::record) values.emplace_back(polled->record.value);
    }
    std::sort(values.begin(), values.end());
    return values;
  }

  ManualClock clock_{WallTime{1'767'225'600'000'000}};
  MemoryStream stream_{2, clock_};
  std::unique_ptr<Source> inner_ = stream_.join();
  BoundedSource source_{*inner_};
};

TEST_F(BoundedSourceTest, nothing_comes_at_or_above_a_bound) {
  EXPECT_THAT(read(), IsEmpty());
  ASSERT_TRUE(source_.raise(kZero, Offset{2}).ok());
  EXPECT_THAT(read(), ElementsAre("00", "01"));
  EXPECT_EQ(source_.position(kZero)->value, 2);
  EXPECT_EQ(source_.position(kOne)->value, 0);
}

TEST_F(BoundedSourceTest, a_bound_that_rises_lets_the_next_records_through_once_each) {
  ASSERT_TRUE(source_.raise(kZero, Offset{2}).ok());
  read();
  ASSERT_TRUE(source_.raise(kZero, Offset{4}).ok());
  ASSERT_TRUE(source_.raise(kOne, Offset{1}).ok());
  EXPECT_THAT(read(), ElementsAre("02", "03", "10"));
  ASSERT_TRUE(source_.raise(kZero, Offset{3}).ok());
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_EQ(source_.bound_of(kZero).value, 4);
}

TEST_F(BoundedSourceTest, resuming_all_partitions_passes_no_bound) {
  ASSERT_TRUE(source_.raise(kZero, Offset{2}).ok());
  read();
  const PartitionId both[] = {kZero, kOne};
  ASSERT_TRUE(source_.pause(both).ok());
  ASSERT_TRUE(source_.resume(both).ok());
  EXPECT_THAT(read(), IsEmpty());
}

// The loop reads a partition anew when rows of its batch were dropped, wherever it stands.
TEST_F(BoundedSourceTest, a_partition_that_stands_at_its_bound_can_be_started_again) {
  ASSERT_TRUE(source_.raise(kZero, Offset{2}).ok());
  read();
  ASSERT_TRUE(source_.start(kZero, Offset{1}).ok());
  EXPECT_THAT(read(), ElementsAre("01"));
  ASSERT_TRUE(source_.raise(kZero, Offset{3}).ok());
  EXPECT_THAT(read(), ElementsAre("02"));
}

TEST_F(BoundedSourceTest, a_partition_that_the_loop_has_paused_stays_so) {
  ASSERT_TRUE(source_.raise(kZero, Offset{2}).ok());
  read();
  ASSERT_TRUE(source_.pause({&kZero, 1}).ok());
  ASSERT_TRUE(source_.start(kZero, Offset{1}).ok());
  EXPECT_THAT(read(), IsEmpty());
  ASSERT_TRUE(source_.raise(kZero, Offset{3}).ok());
  EXPECT_THAT(read(), IsEmpty());
  ASSERT_TRUE(source_.resume({&kZero, 1}).ok());
  EXPECT_THAT(read(), ElementsAre("01", "02"));
}

TEST_F(BoundedSourceTest, commits_are_noted) {
  source_.publish_position(kOne, Offset{3});
  EXPECT_EQ(source_.committed(kOne).value, 3);
  EXPECT_EQ(source_.committed(kZero).value, 0);
}

}  // namespace
}  // namespace weir
