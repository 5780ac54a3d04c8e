// What a look at a stream from outside promises: see ingest/stream/stream_log.h.
#include "tests/contract/stream/stream_contract.h"

namespace weir {
namespace {

class StreamLook : public StreamContract {};

TEST_P(StreamLook, a_look_at_all_partitions_finds_each_ones_bounds_open_transactions_and_all) {
  if (stream->log() == nullptr) GTEST_SKIP() << "nobody looks from outside there";
  append(kFirst, "a");
  append(kFirst, "b");
  stream->retain_from(kFirst, Offset{1});
  if (stream->has_transactions()) stream->begin_transaction(kFirst, 3);
  const auto bounds = stream->log()->all_bounds(2, soon());
  ASSERT_TRUE(bounds) << bounds.error().text();
  EXPECT_EQ(*stream->log()->partition_count(soon()), 2);
  auto r = reader();
  ASSERT_EQ(bounds->size(), 2u);
  for (std::size_t p = 0; p < 2; ++p) {
    const auto one = r->source->bounds(PartitionId(static_cast<std::int32_t>(p)), soon());
    EXPECT_EQ((*bounds)[p].start, one->start);
    EXPECT_EQ((*bounds)[p].end, one->end);
  }
  EXPECT_EQ((*bounds)[0].start.value, 1);
  EXPECT_EQ((*bounds)[0].end.value, stream->has_transactions() ? 5 : 2);
  EXPECT_EQ((*bounds)[1].end.value, 0);
  if (stream->has_transactions()) stream->end_transaction(kFirst);
}

TEST_P(StreamLook, a_look_from_outside_finds_the_anchors_of_the_records_that_stand) {
  if (stream->log() == nullptr) GTEST_SKIP() << "nobody looks from outside there";
  for (const char* value : {"a", "b", "c"}) append(kFirst, value);
  append(kSecond, "d");
  auto r = reader();
  // Whether a record stands at each of the two offsets; a member of the group finds the same.
  const auto stand = [&](std::int64_t first, std::int64_t second) {
    const std::vector<RecordAddress> asked = {{kFirst, Offset{first}}, {kSecond, Offset{second}}};
    const auto seen = *stream->log()->anchors_at(asked, soon());
    for (std::size_t i = 0; i < 2; ++i) {
      const auto member = *r->source->anchor_at(asked[i].partition, asked[i].offset, soon());
      EXPECT_EQ(seen[i] ? seen[i]->digest : "none", member ? member->digest : "none");
    }
    return std::pair(seen[0].has_value(), seen[1].has_value());
  };
  EXPECT_EQ(stand(2, 1), std::pair(true, false));
  stream->retain_from(kFirst, Offset{1});
  std::int64_t marker = 1;
  if (stream->has_transactions()) {
    stream->begin_transaction(kSecond, 1);
    stream->end_transaction(kSecond);  // offsets 1 and 2; 2 is the marker
    marker = 2;
  }
  EXPECT_EQ(stand(0, marker), std::pair(false, false));
  append(kSecond, "e");
  EXPECT_EQ(stand(1, stream->has_transactions() ? 3 : 1), std::pair(true, true));
}

INSTANTIATE_TEST_SUITE_P(Streams, StreamLook, every_stream(), name_of_stream);

}  // namespace
}  // namespace weir
