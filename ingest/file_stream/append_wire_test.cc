#include "ingest/file_stream/append_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;

const std::string kId(kLogIdDigits, 'a');

std::vector<LogRecord> some_records() {
  const Origin origin{"gw-1", 2, 17, 5};
  return {{PartitionId{0}, "application/json", "", "{}", {}},
          {PartitionId{3}, "", "", std::string_view("\0\n\xff", 3), origin},
          {PartitionId{1}, "x", "", "", {"", 0, 0, 9}}};
}

TEST(AppendWire, what_is_sent_is_what_comes) {
  const std::string bytes = write_append(kId, 4711, some_records());
  const auto got = read_append(bytes);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->log_id, kId);
  EXPECT_EQ(got->expires_us, 4711);
  const auto sent = some_records();
  ASSERT_EQ(got->records.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(got->records[i].partition, sent[i].partition);
    EXPECT_EQ(got->records[i].content_type, sent[i].content_type);
    EXPECT_EQ(got->records[i].value, sent[i].value);
    EXPECT_EQ(write_origin(got->records[i].origin), write_origin(sent[i].origin));
    EXPECT_EQ(got->records[i].origin.redrive, sent[i].origin.redrive);
  }
}

TEST(AppendWire, its_length_is_what_was_counted) {
  std::size_t counted = kAppendHeadBytes;
  for (const LogRecord& record : some_records()) counted += append_record_bytes(record);
  EXPECT_EQ(write_append(kId, 1, some_records()).size(), counted);
}

TEST(AppendWire, an_origin_that_cannot_be_read_stays_one) {
  const LogRecord record{PartitionId{0}, "", "", "v", {"", 0, 0, 0, true}};
  const auto got = read_append(write_append(kId, 1, {&record, 1}));
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->records[0].origin.malformed);
}

TEST(AppendWire, every_changed_byte_is_noticed) {
  const std::string good = write_append(kId, 4711, some_records());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    const auto got = read_append(bad);
    ASSERT_FALSE(got) << at;
    EXPECT_EQ(got.error().code, ErrorCode::invalid);
  }
}

TEST(AppendWire, every_shortened_request_is_refused) {
  const std::string good = write_append(kId, 4711, some_records());
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(read_append(std::string_view(good).substr(0, length))) << length;
  }
  EXPECT_FALSE(read_append(good + "x"));
}

TEST(AppendWire, an_answer_bears_the_places_in_their_order) {
  const std::vector<Appended> places = {{Offset{5}, AppendTime{7}}, {Offset{0}, AppendTime{-1}}};
  const auto got = read_answer(write_places(places), 2);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->at(0).offset, Offset{5});
  EXPECT_EQ(got->at(1).append_time, AppendTime{-1});
}

TEST(AppendWire, an_error_comes_as_it_was) {
  for (const ErrorCode code : {ErrorCode::invalid, ErrorCode::not_found, ErrorCode::conflict,
                               ErrorCode::unavailable, ErrorCode::in_doubt, ErrorCode::full,
                               ErrorCode::denied, ErrorCode::integrity, ErrorCode::config}) {
    const auto got = read_answer(write_refusal({code, "it is so", "do this"}), 1);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, code);
    EXPECT_EQ(got.error().text(), "it is so (do this)");
  }
}

TEST(AppendWire, what_is_no_answer_leaves_it_in_doubt) {
  const std::vector<Appended> places(2);
  const std::string good = write_places(places);
  for (const std::string& bad :
       {std::string(), std::string("rubbish"), good.substr(0, good.size() - 1), good + "x"}) {
    const auto got = read_answer(bad, 2);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::in_doubt);
  }
  // No code and no count are not "none": its checksum is that of "weirans1" alone.
  const auto headless = read_answer(std::string_view("weirans1\x3a\xc6\x06\x9f", 12), 0);
  EXPECT_FALSE(headless);
  const auto of_others = read_answer(good, 3);  // places of other records
  ASSERT_FALSE(of_others);
  EXPECT_EQ(of_others.error().code, ErrorCode::in_doubt);
}

TEST(AppendWire, a_long_reason_is_cut_and_still_an_error) {
  const auto got = read_answer(write_refusal({ErrorCode::full, std::string(100'000, 'x'), ""}), 1);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::full);
  EXPECT_THAT(got.error().what, HasSubstr("xxx"));
}

}  // namespace
}  // namespace weir
