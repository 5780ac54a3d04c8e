// What a redrive sends, and what an operator sees of a record.
#include "quota/operator/mended.h"

#include "ingest/codec/codec.h"
#include "quota/operator/raw_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const kEvent =
    R"({"tenant":"acme","source":"gw-1","id":"a","time":"2026-03-01T12:00:00Z","subscription":"sub-1"})";

const IdentityKey& key() {
  static const IdentityKey made = *IdentityKey::from_secret("a secret of sixteen bytes or more");
  return made;
}

TEST(MendedTest, events_come_alone_in_an_array_or_one_a_line) {
  EXPECT_THAT(*split_events(R"({"id":"a"})"), ElementsAre(R"({"id":"a"})"));
  EXPECT_THAT(*split_events(R"([{"id":"a"}, {"id":"b"}])"),
              ElementsAre(R"({"id":"a"})", R"({"id":"b"})"));
  EXPECT_THAT(*split_events("{\"id\":\"a\"}\n{\"id\":\"b\"}\n"),
              ElementsAre(R"({"id":"a"})", R"({"id":"b"})"));
}

TEST(MendedTest, text_that_is_no_json_is_refused_with_the_way_out) {
  for (const char* wrong : {"hello", R"({"id":"a")", R"([{"id":"a"}, )"}) {
    const auto events = split_events(wrong);
    ASSERT_FALSE(events.ok()) << wrong;
    EXPECT_EQ(events.error().code, ErrorCode::invalid);
  }
  EXPECT_TRUE(split_events("")->empty());
}

TEST(MendedTest, an_edit_replaces_a_member_or_adds_it) {
  const std::vector<Edit> edits = {*read_edit("tenant=beta"), *read_edit("units:=3")};
  const auto children = children_of({kEvent}, edits, 8, key());
  ASSERT_TRUE(children.ok()) << children.error().text();
  EXPECT_THAT((*children)[0].event, HasSubstr(R"("tenant":"beta")"));
  EXPECT_THAT((*children)[0].event, HasSubstr(R"("units":3)"));
  EXPECT_EQ((*children)[0].event.find("acme"), std::string::npos);
}

TEST(MendedTest, edits_that_are_none_are_refused) {
  for (const char* wrong : {"tenant", "=x", ":=3", "units:=three"}) {
    EXPECT_EQ(read_edit(wrong).error().code, ErrorCode::invalid) << wrong;
  }
}

TEST(MendedTest, a_child_goes_where_its_subscription_hashes) {
  const auto children = children_of({kEvent}, {}, 8, key());
  ASSERT_TRUE(children.ok()) << children.error().text();
  EXPECT_EQ((*children)[0].partition, partition_of("sub-1", 8));
}

TEST(MendedTest, an_event_that_is_still_wrong_is_refused_and_named) {
  const auto refused = children_of({kEvent, R"({"source":"gw-1","id":"b"})"}, {}, 8, key());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_THAT(refused.error().what, HasSubstr("event 2: missing (time)"));
}

TEST(MendedTest, one_event_of_an_array_is_taken_out_of_it) {
  const std::string raw = std::string("[") + kEvent + R"(,{"id":"b"}])";
  EXPECT_THAT(*events_of_record("application/json", raw, 1, key()), ElementsAre(R"({"id":"b"})"));
  EXPECT_FALSE(events_of_record("application/json", raw, 2, key()).ok());
}

TEST(MendedTest, a_packed_record_is_shown_and_redriven_as_json) {
  Decoder decoder(key());
  Encoder encoder(key());
  RequestBatch batch;
  DecodeReport report;
  DecodeContext context;
  context.latest = EventTime{INT64_MAX};
  decoder.decode(kJson, kEvent, context, batch, report);
  ASSERT_EQ(batch.rows(), 1u);
  std::string packed;
  encoder.packed(batch, 0, 1, packed);
  const auto events = events_of_record(kPacked, packed, -1, key());
  ASSERT_TRUE(events.ok()) << events.error().text();
  EXPECT_TRUE(children_of(*events, {}, 8, key()).ok());
  EXPECT_THAT(show_record(kPacked, packed, key(), 4096), HasSubstr(R"("subscription":"sub-1")"));
}

TEST(RawRecordTest, bytes_are_dumped_with_their_offsets) {
  const std::string bytes("\x00\x01{\"id\":\"a\"}0123456789", 22);
  EXPECT_EQ(hex_dump(bytes),
            "00000000  00 01 7b 22 69 64 22 3a 22 61 22 7d 30 31 32 33  |..{\"id\":\"a\"}0123|\n"
            "00000010  34 35 36 37 38 39                                |456789|\n");
}

TEST(RawRecordTest, a_long_record_says_how_much_is_not_shown) {
  EXPECT_THAT(show_record("", std::string(100, 'x'), key(), 10),
              HasSubstr("... 90 bytes more: --all shows them"));
}

}  // namespace
}  // namespace weir
