// A record that the stream can never take: a void bears its number, and the record is kept.
#include "ingest/producer/kept_records.h"
#include "ingest/producer/producer_fixture.h"

#include <gmock/gmock.h>
#include <set>

namespace weir {
namespace {

TEST_F(ProducerTest, R13_a_void_bears_the_number_of_a_record_that_cannot_be_sent) {
  NarrowSink narrow(*sink_, 1000);
  Metrics metrics;
  Result<std::unique_ptr<Producer>> producer =
      Producer::open(disk_, narrow, options_, clock_, metrics);
  ASSERT_TRUE(producer);
  ASSERT_TRUE((*producer)->begin(soon()));
  const std::string large(2000, 'x');
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(append(**producer, i % 2, i == 4 ? large : std::to_string(i)));
  }
  forward_all(**producer);
  ASSERT_TRUE(*(*producer)->seal(soon()));
  const Told told = Told::of(stream_);
  told.expect_promises();
  std::vector<std::int64_t> numbers, voids;
  for (const Told::Record& record : told.in(PartitionId{0})) {
    if (!record.origin.numbered()) continue;
    numbers.push_back(record.origin.number);
    if (record.content_type == kVoid) voids.push_back(record.origin.number);
  }
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(voids, testing::ElementsAre(3));
  EXPECT_FALSE(told.has(large));
  EXPECT_EQ(disk_.content("/spool/rejects/epoch-1-partition-0-number-3-of-" +
                          (*producer)->standing().id + ".json"),
            large);
  EXPECT_EQ((*producer)->standing().voided, 1);
}

// The next producer of the folder gives the same numbers to other records.
TEST_F(ProducerTest, R13_what_is_kept_outlives_its_producer_and_the_next_one_of_its_folder) {
  NarrowSink narrow(*sink_, 1000);
  Metrics metrics;
  for (const char* what : {"x", "y"}) {
    Result<std::unique_ptr<Producer>> producer =
        Producer::open(disk_, narrow, options_, clock_, metrics);
    ASSERT_TRUE(producer);
    ASSERT_TRUE((*producer)->begin(soon()));
    std::string large;
    while (large.size() < 2000) large += what;
    ASSERT_TRUE(append(**producer, 1, large));
    ASSERT_TRUE((*producer)->end(soon()));
  }
  ASSERT_TRUE(remove_spool(disk_, options_.folder));
  const auto kept = kept_records(disk_, options_.folder);
  ASSERT_TRUE(kept) << kept.error().text();
  ASSERT_EQ(kept->size(), 2U);
  std::set<char> first_bytes;
  for (const KeptRecord& record : *kept) {
    EXPECT_EQ(record.partition, PartitionId{1});
    EXPECT_EQ(record.number, 1);
    EXPECT_EQ(record.content_type, kJson);
    first_bytes.insert(read_kept(disk_, options_.folder, record)->front());
  }
  EXPECT_THAT(first_bytes, testing::ElementsAre('x', 'y'));
  ASSERT_TRUE(remove_kept(disk_, options_.folder, *kept));
  EXPECT_TRUE(kept_records(disk_, options_.folder)->empty());
}

TEST_F(ProducerTest, what_is_kept_says_what_it_was) {
  const KeptRecord record{"gw-1.a_b-5f3a0c2b", 12, PartitionId{7}, 400, 17, std::string(kPacked)};
  ASSERT_TRUE(keep_record(disk_, options_.folder, record, "bytes"));
  const auto kept = kept_records(disk_, options_.folder);
  ASSERT_TRUE(kept) << kept.error().text();
  ASSERT_EQ(kept->size(), 1U);
  const KeptRecord& again = kept->front();
  EXPECT_EQ(std::tie(again.producer, again.epoch, again.partition, again.number, again.redrive,
                     again.content_type),
            std::tie(record.producer, record.epoch, record.partition, record.number, record.redrive,
                     record.content_type));
}

}  // namespace
}  // namespace weir
