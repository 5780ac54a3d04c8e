#include "ingest/spool/log_format.h"

#include "base/digest.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

const LogId kLog = {'l', 'o', 'g'};
const LogId kOther = {'o', 't', 'h', 'e', 'r'};

std::string some_record() {
  std::string bytes;
  const Origin origin{"gw-1.5f3a", 3, 4711, 17};
  write_record(kLog, {PartitionId{2}, "application/json", "key", "value", origin}, Offset{9},
               AppendTime{1'000}, Offset{7}, bytes);
  return bytes;
}

TEST(LogFormat, record_comes_back_as_it_went) {
  const std::string bytes = some_record();
  const ReadRecord read = read_record(kLog, bytes + "more");
  ASSERT_EQ(read.fault, nullptr);
  EXPECT_EQ(read.bytes, bytes.size());
  EXPECT_EQ(read.durable, Offset{7});
  EXPECT_EQ(read.record.partition, PartitionId{2});
  EXPECT_EQ(read.record.offset, Offset{9});
  EXPECT_EQ(read.record.append_time, AppendTime{1'000});
  EXPECT_EQ(read.record.content_type, "application/json");
  EXPECT_EQ(read.record.key, "key");
  EXPECT_EQ(read.record.value, "value");
  EXPECT_EQ(read.record.origin.producer, "gw-1.5f3a");
  EXPECT_EQ(read.record.origin.epoch, 3);
  EXPECT_EQ(read.record.origin.number, 4711);
  EXPECT_EQ(read.record.origin.redrive, 17);
}

TEST(LogFormat, malformed_origin_stays_malformed) {
  std::string bytes;
  Origin origin;
  origin.malformed = true;
  write_record(kLog, {PartitionId{0}, "", "", "", origin}, Offset{0}, {}, Offset{0}, bytes);
  EXPECT_TRUE(read_record(kLog, bytes).record.origin.malformed);
}

TEST(LogFormat, record_that_was_cut_anywhere_ends_early) {
  const std::string bytes = some_record();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const ReadRecord read = read_record(kLog, std::string_view(bytes).substr(0, length));
    EXPECT_TRUE(read.ends_early) << length;
    EXPECT_NE(read.fault, nullptr);
  }
}

TEST(LogFormat, record_with_any_bit_flipped_is_none) {
  const std::string bytes = some_record();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(read_record(kLog, flipped).fault, nullptr) << bit;
  }
}

TEST(LogFormat, record_of_another_log_is_none) {
  EXPECT_STREQ(read_record(kOther, some_record()).fault, "its checksum is wrong");
  EXPECT_NE(read_record(kLog, std::string(100, '\0')).fault, nullptr);
}

TEST(LogFormat, segment_header_with_any_bit_flipped_is_none) {
  const std::string bytes = write_segment_header(kLog, {PartitionId{1}, Offset{5}, AppendTime{-1}});
  ASSERT_EQ(bytes.size(), kSegmentHeaderBytes);
  const auto header = read_segment_header(kLog, bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->partition, PartitionId{1});
  EXPECT_EQ(header->first, Offset{5});
  EXPECT_EQ(header->not_before, AppendTime{-1});
  EXPECT_FALSE(read_segment_header(kOther, bytes));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(read_segment_header(kLog, flipped)) << bit;
  }
}

LogEnds ends_at(std::int64_t turn) {
  return {PartitionId{3}, turn, Offset{1}, Offset{turn * 10}, Offset{2}, 100 + turn, 5};
}

TEST(LogFormat, newer_whole_slot_counts) {
  ASSERT_EQ(write_slot(kLog, ends_at(7)).size(), kSlotBytes);
  const std::string both = write_slot(kLog, ends_at(8)) + write_slot(kLog, ends_at(7));
  const auto read = read_slots(kLog, PartitionId{3}, both);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->end, Offset{80});
  EXPECT_EQ(read->tail_bytes, 108);
  EXPECT_EQ(read->boot, 5u);
  for (std::size_t torn = 0; torn < kSlotBytes; ++torn) {
    std::string half = both;
    half[torn] = static_cast<char>(half[torn] ^ 0x10);
    EXPECT_EQ(read_slots(kLog, PartitionId{3}, half)->end, Offset{70}) << torn;
  }
  EXPECT_FALSE(read_slots(kOther, PartitionId{3}, both));
  EXPECT_FALSE(read_slots(kLog, PartitionId{2}, both));
}

TEST(LogFormat, slots_are_written_in_turn) {
  EXPECT_EQ(slot_place(ends_at(6)), 6 * kSlotBytes);
  EXPECT_EQ(slot_place(ends_at(7)), 7 * kSlotBytes);
}

TEST(LogFormat, meta_comes_back_and_what_is_none_is_refused) {
  const LogMeta meta{random_log_id(), 7};
  const auto read = read_meta(write_meta(meta), "log.toml");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, meta.id);
  EXPECT_EQ(read->partitions, 7);
  for (const char* text :
       {"", "format = 1", "format = 2\npartitions = 1\nid = \"00000000000000000000000000000000\"",
        "format = 1\npartitions = 0\nid = \"00000000000000000000000000000000\"",
        "format = 1\npartitions = 1\nid = \"0000000000000000000000000000000x\"",
        "format = 1\npartitions = 1\nid = \"00\""}) {
    const auto refused = read_meta(text, "log.toml");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::integrity);
  }
}

TEST(LogFormat, segment_names_sort_as_their_offsets) {
  EXPECT_EQ(segment_name(Offset{0}), "00000000000000000000.seg");
  EXPECT_LT(segment_name(Offset{99}), segment_name(Offset{100}));
  EXPECT_EQ(first_of_segment(segment_name(Offset{12345})), Offset{12345});
  for (const char* name :
       {"", "lock", "0.seg", "0000000000000000000x.seg", "-0000000000000000001.seg",
        "00000000000000000000.new", "99999999999999999999.seg"}) {
    EXPECT_FALSE(first_of_segment(name)) << name;
  }
}

}  // namespace
}  // namespace weir
