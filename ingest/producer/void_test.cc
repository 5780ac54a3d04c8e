// A record that the stream can never take: a void bears its number, and the record is kept.
#include "ingest/producer/producer_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

/// Takes no record longer than `bytes_max`, as a broker does; and says so of the whole call.
class NarrowSink : public RecordSink {
 public:
  NarrowSink(RecordSink& into, std::size_t bytes_max) : into_(into), bytes_max_(bytes_max) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override {
    for (const OutRecord& record : records) {
      if (record.value.size() > bytes_max_) return Error{ErrorCode::invalid, "too large", ""};
    }
    return into_.append(records, deadline);
  }
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return into_.partition_count(deadline);
  }

 private:
  RecordSink& into_;
  const std::size_t bytes_max_;
};

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
  EXPECT_EQ(disk_.content("/spool/rejects/epoch-1-partition-0-number-3"), large);
  EXPECT_EQ((*producer)->standing().voided, 1);
}

}  // namespace
}  // namespace weir
