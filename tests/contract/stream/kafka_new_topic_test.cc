// A topic that was made a moment ago, seen by others than its maker, on the broker that WEIR_TEST_KAFKA
// names: the brokers' metadata name a leader before that leader knows.
#include "base/digest.h"
#include "ingest/kafka/kafka_admin.h"

#include <cstdlib>
#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(KafkaNewTopic, its_bounds_can_be_asked_at_once_by_anybody) {
  const char* brokers = std::getenv("WEIR_TEST_KAFKA");
  ASSERT_NE(brokers, nullptr) << "run this test by ./weir test, which starts the servers it needs";
  constexpr std::int32_t kPartitions = 32;
  KafkaOptions options;
  options.brokers = brokers;
  for (int i = 0; i < 20; ++i) {
    options.topic = "contract-" + random_hex(8);
    const auto soon = Deadline::in(std::chrono::seconds(30));
    const auto maker = std::move(*KafkaAdmin::open(options));
    const auto other = std::move(*KafkaAdmin::open(options));
    ASSERT_TRUE(maker->create_topic({.partitions = kPartitions}, soon));
    const auto partitions = other->partition_count(soon);
    ASSERT_TRUE(partitions) << "after " << i << " topics: " << partitions.error().text();
    ASSERT_EQ(*partitions, kPartitions);
    const auto last = other->bounds(PartitionId{kPartitions - 1}, soon);
    EXPECT_TRUE(last) << "after " << i << " topics: " << last.error().text();
    const auto bounds = other->all_bounds(kPartitions, soon);
    ASSERT_TRUE(bounds) << "after " << i << " topics: " << bounds.error().text();
    for (const LogBounds& one : *bounds) EXPECT_EQ(one.end, Offset{0});
    EXPECT_TRUE(maker->delete_topic(soon));
  }
}

}  // namespace
}  // namespace weir
