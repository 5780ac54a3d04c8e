// BatchWriter: rows → records, dealt by subscription, as a reader finds them.
#include "ingest/codec/codec.h"
#include "ingest/stream/loop_fixture.h"
#include "ingest/stream/sink.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

class BatchWriterTest : public LoopTest {
 protected:
  void add(const std::string& id, const std::string& subscription, const std::string& path = "/") {
    RequestRow row;
    row.tenant = subscription.empty() ? "" : "acme";
    row.source = "gw-1";
    row.id = id;
    row.subscription = subscription;
    row.time = EventTime{clock.now().value};
    row.path = path;
    append_row(batch, row, key);
  }
  Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }
  /// Content types and sizes of all that was written, by partition.
  std::vector<std::string> written(std::int32_t partition) {
    std::vector<std::string> types;
    auto source = stream.join();
    (void)source->poll(Micros{0});
    EXPECT_TRUE(source->start(PartitionId{partition}, Offset{0}));
    while (true) {
      Result<Polled> polled = source->poll(Micros{0});
      if (!polled || polled->kind != Polled::Kind::record) return types;
      types.emplace_back(polled->record.content_type);
      largest = std::max(largest, polled->record.value.size());
      EXPECT_TRUE(polled->record.key.empty());
    }
  }

  RequestBatch batch;
  std::unique_ptr<RecordSink> sink = stream.sink();
  std::size_t largest = 0;
};

TEST_F(BatchWriterTest, a_batch_comes_back_through_the_loop_each_row_once) {
  for (int i = 0; i < 3000; ++i) {
    add("e" + std::to_string(i), subscription_of(i % 2, i % 7));
  }
  BatchWriter writer(*sink, key);
  ASSERT_TRUE(writer.write(batch, soon()));
  auto c = consumer();
  settle(*c);
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(times_applied("e" + std::to_string(i)), 1);
  EXPECT_TRUE(ledger.quarantined.empty());
}

TEST_F(BatchWriterTest, few_rows_of_a_partition_go_as_json_and_many_packed) {
  for (std::size_t i = 0; i < kPackedRowsMin; ++i) add("p" + std::to_string(i), subscription_of(0));
  for (std::size_t i = 0; i + 1 < kPackedRowsMin; ++i) {
    add("j" + std::to_string(i), subscription_of(1));
  }
  BatchWriter writer(*sink, key);
  ASSERT_TRUE(writer.write(batch, soon()));
  EXPECT_THAT(written(0), testing::ElementsAre(kPacked));
  EXPECT_THAT(written(1), testing::ElementsAre(kJson));
}

TEST_F(BatchWriterTest, a_record_holds_no_more_than_its_bounds) {
  const std::string path(kPathBytesMax, 'x');
  for (std::size_t i = 0; i < kPackedRowsMin - 1; ++i) {
    add("j" + std::to_string(i), subscription_of(0), "/" + path.substr(1));
  }
  for (std::size_t i = 0; i < kRecordRowsMax + 600; ++i)
    add("p" + std::to_string(i), subscription_of(1));
  BatchWriter writer(*sink, key);
  ASSERT_TRUE(writer.write(batch, soon()));
  EXPECT_THAT(written(0), testing::SizeIs(testing::Ge(2u)));
  EXPECT_THAT(written(1), testing::SizeIs(2));
  EXPECT_LE(largest, kRecordBytesMax);
}

TEST_F(BatchWriterTest, rows_without_a_subscription_are_spread_by_their_id) {
  for (int i = 0; i < 100; ++i) add("e" + std::to_string(i), "");
  BatchWriter writer(*sink, key);
  ASSERT_TRUE(writer.write(batch, soon()));
  EXPECT_THAT(written(0), testing::SizeIs(1));
  EXPECT_THAT(written(1), testing::SizeIs(1));
  auto c = consumer();
  settle(*c);
  EXPECT_TRUE(ledger.quarantined.empty());
  EXPECT_EQ(ledger.applied.size(), 100u);
}

TEST_F(BatchWriterTest, writing_again_after_in_doubt_applies_each_row_once) {
  add("a", subscription_of(0));
  add("b", subscription_of(1));
  stream.fail_appends({{ErrorCode::in_doubt, true}, {ErrorCode::unavailable, false}});
  BatchWriter writer(*sink, key);
  EXPECT_EQ(writer.write(batch, soon()).error().code, ErrorCode::in_doubt);
  EXPECT_EQ(writer.write(batch, soon()).error().code, ErrorCode::unavailable);
  stream.repeat_next_append();
  ASSERT_TRUE(writer.write(batch, soon()));
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(times_applied("b"), 1);
  EXPECT_EQ(ledger.progress[PartitionId{0}].counts.duplicate, 2);
}

}  // namespace
}  // namespace weir
