// What every stream promises: see ingest/stream/source.h and sink.h.
#include "tests/contract/stream/stream_contract.h"

#include "ingest/event/identity.h"

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::ElementsAre;

TEST_P(StreamContract, a_partitions_records_come_once_and_in_order) {
  for (int i = 0; i < 20; ++i) append(PartitionId{i % 2}, std::to_string(i));
  auto r = reader();
  r->start(kFirst, Offset{0});
  r->start(kSecond, Offset{0});
  ASSERT_TRUE(r->read(20));
  r->read_nothing();
  for (const PartitionId partition : {kFirst, kSecond}) {
    std::int64_t next = 0;
    for (const Got& record : r->got) {
      if (record.partition != partition) continue;
      EXPECT_EQ(record.offset.value, next);
      EXPECT_EQ(record.value, std::to_string(2 * next + partition.value));
      ++next;
    }
    EXPECT_EQ(next, 10);
  }
}

TEST_P(StreamContract, nothing_is_delivered_before_start) {
  append(kFirst, "a");
  append(kSecond, "b");
  auto r = reader();
  r->read_nothing();
  r->start(kSecond, Offset{0});
  ASSERT_TRUE(r->read(1));
  r->read_nothing();
  EXPECT_THAT(r->values(), ElementsAre("b"));
}

TEST_P(StreamContract, reading_begins_where_start_says) {
  for (const char* value : {"a", "b", "c"}) append(kFirst, value);
  auto r = reader();
  r->start(kFirst, Offset{1});
  ASSERT_TRUE(r->read(2));
  EXPECT_THAT(r->values(), ElementsAre("b", "c"));
}

TEST_P(StreamContract, a_running_partition_can_be_moved_back) {
  for (const char* value : {"a", "b", "c"}) append(kFirst, value);
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->read(3));
  r->start(kFirst, Offset{1});
  EXPECT_EQ(r->source->position(kFirst)->value, 1);
  ASSERT_TRUE(r->read(5));
  r->read_nothing();
  EXPECT_THAT(r->values(), ElementsAre("a", "b", "c", "b", "c"));
}

TEST_P(StreamContract, a_records_bytes_come_back_as_they_went) {
  const std::string value("\0\xff{}\n\0", 6);
  append(kFirst, value);
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->read(1));
  EXPECT_EQ(r->got[0].value, value);
  EXPECT_EQ(r->got[0].content_type, "application/json");
  EXPECT_EQ(r->got[0].key, "");
}

TEST_P(StreamContract, a_foreign_record_has_its_key_and_no_content_type) {
  stream->put_foreign(kSecond, "sub-1", "{}");
  auto r = reader();
  r->start(kSecond, Offset{0});
  ASSERT_TRUE(r->read(1));
  EXPECT_EQ(r->got[0].content_type, "");
  EXPECT_EQ(r->got[0].key, "sub-1");
  EXPECT_EQ(r->got[0].value, "{}");
}

TEST_P(StreamContract, a_records_origin_comes_back_as_it_was_sent) {
  const std::vector<OutRecord> records = {
      {kFirst, "application/json", "a", {"gw-1.5f3a", 2, 4711, 0, false}},
      {kFirst, "application/json", "b", {"redrive-1", 1, 1, 17, false}},
      {kFirst, "application/json", "c", {"", 0, 0, 18, false}},
      {kFirst, "application/json", "d", {}}};
  Result<std::vector<Appended>> places = stream->sink().append(records, soon());
  ASSERT_TRUE(places) << places.error().text();
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->read(4));
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Got& got = r->got[i];
    EXPECT_EQ(got.value, records[i].value);
    EXPECT_EQ(got.producer, records[i].origin.producer);
    EXPECT_EQ(got.origin.epoch, records[i].origin.epoch);
    EXPECT_EQ(got.origin.number, records[i].origin.number);
    EXPECT_EQ(got.origin.redrive, records[i].origin.redrive);
    EXPECT_FALSE(got.origin.malformed);
  }
}

TEST_P(StreamContract, a_malformed_origin_says_so_and_costs_its_neighbours_nothing) {
  stream->put_with_headers(kFirst, "a", "gw-1 one 1", "");
  stream->put_with_headers(kFirst, "b", "gw-1 1 1", "seventeen");
  stream->put_with_headers(kFirst, "c", "gw-1 1 2", "17");
  stream->put_with_headers(kFirst, "d", "", "");
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->read(4));
  EXPECT_TRUE(r->got[0].origin.malformed);
  EXPECT_TRUE(r->got[1].origin.malformed);
  EXPECT_FALSE(r->got[2].origin.malformed);
  EXPECT_EQ(r->got[2].producer, "gw-1");
  EXPECT_EQ(r->got[2].origin.number, 2);
  EXPECT_EQ(r->got[2].origin.redrive, 17);
  EXPECT_FALSE(r->got[3].origin.malformed);
  EXPECT_FALSE(r->got[3].origin.numbered());
}

TEST_P(StreamContract, append_tells_the_place_and_the_time_that_readers_see) {
  append(kFirst, "a");
  const std::vector<OutRecord> records = {{kFirst, "application/json", "b"},
                                          {kSecond, "application/json", "c"},
                                          {kFirst, "application/json", "d"}};
  Result<std::vector<Appended>> places = stream->sink().append(records, soon());
  ASSERT_TRUE(places) << places.error().text();
  ASSERT_EQ(places->size(), 3u);
  auto r = reader();
  r->start(kFirst, Offset{0});
  r->start(kSecond, Offset{0});
  ASSERT_TRUE(r->read(4));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto seen = std::find_if(r->got.begin(), r->got.end(),
                                   [&](const Got& g) { return g.value == records[i].value; });
    ASSERT_NE(seen, r->got.end());
    EXPECT_EQ(seen->offset, (*places)[i].offset);
    EXPECT_EQ(seen->append_time, (*places)[i].append_time);
    EXPECT_GT(seen->append_time.value, 0);
  }
}

TEST_P(StreamContract, a_paused_partition_is_silent_and_loses_nothing) {
  auto r = reader();
  r->start(kFirst, Offset{0});
  r->start(kSecond, Offset{0});
  append(kFirst, "a");
  ASSERT_TRUE(r->read(1));
  ASSERT_TRUE(r->source->pause(std::vector{kFirst}));
  append(kFirst, "b");
  append(kSecond, "c");
  ASSERT_TRUE(r->read(2));
  r->read_nothing();
  EXPECT_THAT(r->values(), ElementsAre("a", "c"));
  ASSERT_TRUE(r->source->resume(std::vector{kFirst}));
  ASSERT_TRUE(r->read(3));
  r->read_nothing();
  EXPECT_THAT(r->values(), ElementsAre("a", "c", "b"));
}

TEST_P(StreamContract, members_share_the_partitions_and_a_leaver_gives_its_own_back) {
  append(kFirst, "a");
  append(kSecond, "b");
  auto one = reader();
  {
    Reader two(*stream);
    ASSERT_TRUE(two.poll_until([&] {
      one->poll();
      return one->held.size() == 1 && two.held.size() == 1;
    }));
    EXPECT_NE(one->held[0], two.held[0]);
    EXPECT_GE(one->revoked, 1);
    EXPECT_FALSE(one->source->start(two.held[0], Offset{0}));
    two.start(two.held[0], Offset{0});
    ASSERT_TRUE(two.read(1));
  }
  ASSERT_TRUE(one->poll_until_held(2));
  one->read_nothing();  // a new assignment begins with start(), paused or not before
  one->start(kFirst, Offset{0});
  one->start(kSecond, Offset{0});
  ASSERT_TRUE(one->read(2));
}

TEST_P(StreamContract, a_pause_does_not_outlive_the_assignment) {
  append(kFirst, "a");
  append(kSecond, "b");
  auto one = reader();
  one->start(kFirst, Offset{0});
  one->start(kSecond, Offset{0});
  ASSERT_TRUE(one->read(2));
  ASSERT_TRUE(one->source->pause(std::vector{kFirst, kSecond}));
  {
    Reader two(*stream);
    ASSERT_TRUE(two.poll_until([&] {
      one->poll();
      return two.held.size() == 1;
    }));
  }
  ASSERT_TRUE(one->poll_until([&] { return one->revoked >= 2 && one->held.size() == 2; }));
  one->start(kFirst, Offset{0});
  one->start(kSecond, Offset{0});
  ASSERT_TRUE(one->read(4));
}

TEST_P(StreamContract, what_retention_took_is_unreadable_and_start_goes_on) {
  for (const char* value : {"a", "b", "c"}) append(kFirst, value);
  append(kSecond, "other");
  stream->retain_from(kFirst, Offset{2});
  auto r = reader();
  r->start(kFirst, Offset{0});
  r->start(kSecond, Offset{0});
  ASSERT_TRUE(r->poll_until([&] { return !r->unreadable.empty(); }));
  EXPECT_THAT(r->unreadable, ElementsAre(kFirst));
  ASSERT_TRUE(r->read(1));
  EXPECT_THAT(r->values(), ElementsAre("other"));
  r->start(kFirst, r->source->bounds(kFirst, soon())->start);
  ASSERT_TRUE(r->read(2));
  EXPECT_EQ(r->values().back(), "c");
}

TEST_P(StreamContract, a_position_behind_the_end_is_unreadable) {
  append(kFirst, "a");
  auto r = reader();
  r->start(kFirst, Offset{7});
  ASSERT_TRUE(r->poll_until([&] { return !r->unreadable.empty(); }));
  EXPECT_THAT(r->unreadable, ElementsAre(kFirst));
  EXPECT_EQ(r->source->bounds(kFirst, soon())->end.value, 1);
}

TEST_P(StreamContract, an_open_transaction_counts_in_the_bounds_and_holds_reading_back) {
  if (!stream->has_transactions()) GTEST_SKIP() << "every offset holds a record there";
  append(kFirst, "a");
  stream->begin_transaction(kFirst, 3);
  stream->put_foreign(kFirst, "k", "behind");
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->read(1));
  r->read_nothing();
  EXPECT_EQ(r->source->position(kFirst)->value, 1);
  EXPECT_EQ(r->source->bounds(kFirst, soon())->end.value, 5);
  stream->end_transaction(kFirst);
  ASSERT_TRUE(r->read(2));
  EXPECT_THAT(r->values(), ElementsAre("a", "behind"));
}

TEST_P(StreamContract, the_position_passes_offsets_that_hold_no_record) {
  if (!stream->has_transactions()) GTEST_SKIP() << "every offset holds a record there";
  append(kFirst, "a");
  stream->begin_transaction(kFirst, 3);
  stream->end_transaction(kFirst);
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->poll_until([&] { return r->source->position(kFirst)->value == 5; }));
  EXPECT_THAT(r->values(), ElementsAre("a"));
  EXPECT_EQ(r->source->bounds(kFirst, soon())->end.value, 5);
}

TEST_P(StreamContract, bounds_are_the_first_and_one_behind_the_last_record) {
  auto r = reader();
  EXPECT_EQ(r->source->bounds(kFirst, soon())->start.value, 0);
  EXPECT_EQ(r->source->bounds(kFirst, soon())->end.value, 0);
  for (const char* value : {"a", "b", "c"}) append(kFirst, value);
  stream->retain_from(kFirst, Offset{1});
  EXPECT_EQ(r->source->bounds(kFirst, soon())->start.value, 1);
  EXPECT_EQ(r->source->bounds(kFirst, soon())->end.value, 3);
}

TEST_P(StreamContract, offset_at_finds_the_first_record_of_that_time_or_later) {
  append(kFirst, "a");
  stream->pass_time();
  const Appended b = append(kFirst, "b");
  stream->pass_time();
  append(kFirst, "c");
  auto r = reader();
  EXPECT_EQ(r->source->offset_at(kFirst, AppendTime{0}, soon())->value, 0);
  EXPECT_EQ(r->source->offset_at(kFirst, b.append_time, soon())->value, 1);
  EXPECT_EQ(r->source->offset_at(kFirst, b.append_time + 1, soon())->value, 2);
  EXPECT_EQ(r->source->offset_at(kFirst, b.append_time + 3'600'000'000, soon())->value, 3);
}

TEST_P(StreamContract, an_anchor_is_the_digest_of_the_record_that_was_read) {
  for (const char* value : {"a", "b"}) append(kFirst, value);
  stream->put_foreign(kFirst, "key", "c");
  auto r = reader();
  r->start(kFirst, Offset{0});
  ASSERT_TRUE(r->read(3));
  for (const Got& record : r->got) {
    Result<std::optional<Anchor>> anchor = r->source->anchor_at(kFirst, record.offset, soon());
    ASSERT_TRUE(anchor) << anchor.error().text();
    ASSERT_TRUE(anchor->has_value());
    EXPECT_EQ((*anchor)->digest, record.digest);
    EXPECT_EQ((*anchor)->append_time, record.append_time);
  }
}

TEST_P(StreamContract, there_is_no_anchor_where_no_record_stands) {
  append(kFirst, "a");
  append(kFirst, "b");
  if (stream->has_transactions()) {
    stream->begin_transaction(kFirst, 1);
    stream->end_transaction(kFirst);  // offsets 2 and 3; 3 is the marker
    append(kFirst, "c");
  }
  stream->retain_from(kFirst, Offset{1});
  auto r = reader();
  EXPECT_FALSE(r->source->anchor_at(kFirst, Offset{0}, soon())->has_value());
  EXPECT_TRUE(r->source->anchor_at(kFirst, Offset{1}, soon())->has_value());
  EXPECT_FALSE(r->source->anchor_at(kFirst, Offset{3}, soon())->has_value());
  EXPECT_FALSE(r->source->anchor_at(kFirst, Offset{9}, soon())->has_value());
}

TEST_P(StreamContract, both_ends_know_the_partition_count) {
  auto r = reader();
  EXPECT_EQ(*r->source->partition_count(soon()), 2);
  EXPECT_EQ(*stream->sink().partition_count(soon()), 2);
}

TEST_P(StreamContract, a_record_for_a_partition_that_is_not_there_is_invalid) {
  const OutRecord record{PartitionId{2}, "application/json", "x"};
  Result<std::vector<Appended>> places = stream->sink().append({&record, 1}, soon());
  ASSERT_FALSE(places);
  EXPECT_EQ(places.error().code, ErrorCode::invalid);
}

INSTANTIATE_TEST_SUITE_P(Streams, StreamContract, every_stream(), name_of_stream);

}  // namespace
}  // namespace weir
