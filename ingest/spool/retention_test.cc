// R16: what leaves the file log, in which order, and what is held back.
#include "ingest/spool/retention.h"

#include "ingest/spool/log_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Micros kHour = std::chrono::hours(1);

TEST(NextToGo, R16_the_oldest_goes_first_and_only_what_is_needed_to_keep_a_bound) {
  const AppendTime now{1'000};
  const auto segment = [](std::int64_t newest, bool held) {
    return OldestSegment{AppendTime{newest}, held, true, false, false};
  };
  struct Case {
    const char* what;
    std::vector<OldestSegment> oldest;
    Retention retention;
    std::optional<std::size_t> next;
  };
  const OldestSegment small{AppendTime{100}, false, true, true, false};
  const OldestSegment empty{AppendTime{100}, false, false, false, false};
  const OldestSegment stuck{AppendTime{100}, false, true, false, true};
  const Retention nothing;
  const Retention aged{Micros{500}, kNoBound, kNoBound, kNoBound, 0};
  const Retention soft{Micros{0}, 4'999, kNoBound, kNoBound, 0};
  const Retention fits{Micros{0}, 5'000, kNoBound, kNoBound, 0};
  const Retention room{Micros{0}, 5'000, kNoBound, kNoBound, 1};
  const Retention hard{Micros{0}, kNoBound, 4'999, kNoBound, 0};
  const Retention volume{Micros{0}, kNoBound, kNoBound, 4'999, 0};
  const Case cases[] = {
      {"without a bound all stays", {segment(1, false)}, nothing, {}},
      {"what is young stays", {segment(500, false)}, aged, {}},
      {"what is old goes", {segment(500, false), segment(499, false)}, aged, 1},
      {"what is held stays however old", {segment(1, true)}, aged, {}},
      {"a small tail goes when it is old", {small}, aged, 0},
      {"no bound is reached", {segment(1, false)}, fits, {}},
      {"room counts as if it were taken", {segment(1, false)}, room, 0},
      {"over the bound the oldest goes", {segment(9, false), segment(8, false)}, soft, 1},
      {"not what is held", {segment(9, false), segment(8, true)}, soft, 0},
      {"all is held", {segment(8, true)}, soft, {}},
      {"a tail that is not worth it stays", {small}, soft, {}},
      {"over the hard bound still the unneeded first",
       {segment(9, false), segment(8, true)},
       hard,
       0},
      {"over the hard bound also what is held", {segment(9, true), segment(8, true)}, hard, 1},
      {"a volume that is short is a hard bound", {segment(8, true)}, volume, 0},
      {"an empty partition has nothing to give", {empty}, hard, {}},
      {"one whose disk fails is left alone", {stuck, segment(800, true)}, hard, 1},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(next_to_go(one.oldest, one.retention, 5'000, now), one.next) << one.what;
  }
}

TEST(BytesOnVolume, a_volume_below_its_floor_takes_from_the_log_what_it_lacks) {
  VolumeSpace volume;
  volume.bytes_total = 1'000'000;
  volume.bytes_free = 100'000;
  EXPECT_EQ(bytes_on_volume(volume, 10, 500'000), kNoBound);
  EXPECT_EQ(bytes_on_volume(volume, 15, 500'000), 450'000);
  EXPECT_EQ(bytes_on_volume(volume, 90, 500'000), 0);
}

class RetainTest : public LogTest {
 protected:
  RetainTest() {
    options_.segment_bytes = 1;  // every record begins a new segment
    open();
  }
  /// One record an hour, `count` times.
  void append_hourly(PartitionId partition, int count) {
    for (int i = 0; i < count; ++i) {
      append(partition, "value");
      clock_.advance(kHour);
    }
  }
  Dropped retain(const Retention& retention, const std::vector<Offset>& cursor) {
    Dropped dropped = log_->retain(retention, cursor);
    EXPECT_TRUE(dropped.status) << dropped.status.error().text();
    return dropped;
  }
  Offset start(PartitionId partition) { return log_->bounds(partition).start; }
  std::int64_t one_segment() {
    return static_cast<std::int64_t>(disk_.content("log/0/00000000000000000000.seg").size());
  }
  const std::vector<Offset> all_read_{Offset{1'000}, Offset{1'000}};
  const Retention five_hours_{kHour * 5, kNoBound, kNoBound, kNoBound, 0};
};

TEST_F(RetainTest, R16_records_older_than_the_age_leave_and_younger_ones_stay) {
  append_hourly(kFirst, 10);
  const Dropped dropped = retain(five_hours_, all_read_);
  EXPECT_EQ(start(kFirst), Offset{5});
  ASSERT_EQ(dropped.ranges.size(), 1u);
  EXPECT_EQ(dropped.ranges[0].partition, kFirst);
  EXPECT_EQ(dropped.ranges[0].from, Offset{0});
  EXPECT_EQ(dropped.ranges[0].to, Offset{5});
  EXPECT_GT(dropped.ranges[0].bytes, 5 * 48);
  EXPECT_THAT(dropped.unread, IsEmpty());
  EXPECT_THAT(retain(five_hours_, all_read_).ranges, IsEmpty());
}

TEST_F(RetainTest, R16_the_age_of_segments_is_known_again_after_reopening) {
  append_hourly(kFirst, 10);
  open();
  retain(five_hours_, all_read_);
  EXPECT_EQ(start(kFirst), Offset{5});
}

TEST_F(RetainTest, a_damaged_header_of_an_old_segment_makes_what_is_before_it_stay_longer) {
  append_hourly(kFirst, 10);
  log_.reset();
  disk_.set_content("log/0/00000000000000000003.seg", std::string(200, '?'));
  open();
  // Record 2 is as old as the next header says: record 3's age.
  const Retention between{kHour * 7 + kHour / 2, kNoBound, kNoBound, kNoBound, 0};
  retain(between, all_read_);
  EXPECT_EQ(start(kFirst), Offset{2});
}

TEST_F(RetainTest, R16_old_records_leave_a_quiet_partition_whose_tail_is_never_full) {
  options_.segment_bytes = 1 << 20;
  open();
  append_hourly(kFirst, 3);
  retain(five_hours_, all_read_);
  EXPECT_EQ(start(kFirst), Offset{0});
  clock_.advance(kHour * 6);
  retain(five_hours_, all_read_);
  EXPECT_EQ(start(kFirst), Offset{3});
  EXPECT_EQ(append(kFirst, "next"), Offset{3});
  EXPECT_THAT(values(kFirst, Offset{3}), ElementsAre("next"));
}

TEST_F(RetainTest, R16_a_slow_partition_keeps_no_record_much_longer_than_the_age) {
  options_.segment_bytes = 1 << 20;
  open();
  for (int i = 0; i < 200; ++i) {
    append(kFirst, "value");
    clock_.advance(kHour / 10);
    retain(five_hours_, all_read_);
  }
  const std::int64_t kept = 200 - start(kFirst).value;
  EXPECT_GE(kept, 50);
  EXPECT_LE(kept, 50 + 50 / 8 + 2);
}

TEST_F(RetainTest, R16_nothing_at_or_beyond_the_cursor_leaves_by_age_or_bytes) {
  append_hourly(kFirst, 10);
  append_hourly(kSecond, 10);
  const Retention all{Micros{1}, 1, kNoBound, kNoBound, 0};
  const Dropped dropped = retain(all, {Offset{4}, Offset{0}});
  EXPECT_EQ(start(kFirst), Offset{4});
  EXPECT_EQ(start(kSecond), Offset{0});
  EXPECT_THAT(dropped.unread, IsEmpty());
}

TEST_F(RetainTest, R16_without_a_cursor_everything_is_held_up_to_the_hard_bound) {
  append_hourly(kFirst, 10);
  const Retention all{Micros{1}, 1, kNoBound, kNoBound, 0};
  EXPECT_THAT(retain(all, {}).ranges, IsEmpty());
  const Retention bounded{Micros{1}, 1, log_->bytes() - 1, kNoBound, 0};
  const Dropped dropped = retain(bounded, {});
  ASSERT_EQ(dropped.unread.size(), 1u);
  EXPECT_EQ(dropped.unread[0].to, Offset{1});
}

TEST_F(RetainTest, R16_beyond_the_bytes_the_oldest_of_all_partitions_leave) {
  append_hourly(kFirst, 4);
  append_hourly(kSecond, 4);
  append_hourly(kFirst, 4);
  const Retention bounded{Micros{0}, log_->bytes() - 6 * one_segment(), kNoBound, kNoBound, 0};
  retain(bounded, all_read_);
  EXPECT_LE(log_->bytes(), bounded.bytes);
  EXPECT_EQ(start(kFirst), Offset{4});
  EXPECT_EQ(start(kSecond), Offset{2});
}

TEST_F(RetainTest, R16_beyond_the_hard_bound_unread_records_leave_and_are_told) {
  append_hourly(kFirst, 10);
  append_hourly(kSecond, 1);
  const Retention hard{Micros{0}, kNoBound, log_->bytes() - 4 * one_segment(), kNoBound, 0};
  const std::int64_t two = 2 * one_segment();
  const Dropped dropped = retain(hard, {Offset{2}, Offset{0}});
  EXPECT_EQ(start(kFirst), Offset{4});
  ASSERT_EQ(dropped.ranges.size(), 1u);
  EXPECT_EQ(dropped.ranges[0].from, Offset{0});
  ASSERT_EQ(dropped.unread.size(), 1u);
  EXPECT_EQ(dropped.unread[0].partition, kFirst);
  EXPECT_EQ(dropped.unread[0].from, Offset{2});
  EXPECT_EQ(dropped.unread[0].to, Offset{4});
  EXPECT_EQ(dropped.unread[0].bytes, two);
}

TEST_F(RetainTest, a_log_that_is_full_takes_an_append_again_after_retention_made_room) {
  options_.bytes_max = 4'000;
  options_.record_bytes_max = 1'000;
  options_.segment_bytes = 600;
  open();
  const std::string value(400, 'x');
  std::int64_t taken = 0;
  while (try_append(kFirst, {value})) ++taken;
  Retention bounds;
  bounds.held_bytes_max = options_.bytes_max;
  bounds.room = 1'000;
  EXPECT_FALSE(retain(bounds, {}).unread.empty());
  EXPECT_TRUE(try_append(kFirst, {value}));
  EXPECT_EQ(log_->bounds(kFirst).end, Offset{taken + 1});
}

TEST_F(RetainTest, a_partition_whose_disk_fails_is_told_and_the_next_call_goes_on) {
  append_hourly(kFirst, 4);
  append_hourly(kSecond, 4);
  disk_.fail(MemoryDisk::Call::remove, ErrorCode::unavailable);
  const Retention all{Micros{1}, kNoBound, kNoBound, kNoBound, 0};
  const Dropped dropped = log_->retain(all, all_read_);
  ASSERT_FALSE(dropped.status);
  EXPECT_EQ(dropped.status.error().code, ErrorCode::unavailable);
  EXPECT_EQ(start(kSecond), Offset{4});
  retain(all, all_read_);
  EXPECT_EQ(start(kFirst), Offset{4});
  EXPECT_THAT(*disk_.list("log/0"), ElementsAre("00000000000000000004.seg"));
}

TEST_F(RetainTest, a_volume_that_is_full_still_gives_up_closed_segments) {
  append_hourly(kFirst, 4);
  append_hourly(kSecond, 4);
  disk_.fail(MemoryDisk::Call::make, ErrorCode::full, 4);
  const Retention all{Micros{1}, kNoBound, kNoBound, kNoBound, 0};
  EXPECT_EQ(log_->retain(all, all_read_).status.error().code, ErrorCode::full);
  disk_.fail(MemoryDisk::Call::make, ErrorCode::full, 2);
  const Retention bytes{Micros{0}, 1, kNoBound, kNoBound, 0};
  EXPECT_EQ(log_->retain(bytes, all_read_).status.error().code, ErrorCode::full);
  EXPECT_EQ(start(kFirst), Offset{3});
  EXPECT_EQ(start(kSecond), Offset{3});
}

TEST_F(RetainTest, a_reader_behind_the_new_start_is_told_that_its_record_is_gone) {
  append_hourly(kFirst, 6);
  const auto from = reader();
  ASSERT_TRUE(from->read(kFirst, Offset{0}));
  retain(five_hours_, all_read_);
  retain({Micros{1}, kNoBound, kNoBound, kNoBound, 0}, all_read_);
  EXPECT_EQ(from->read(kFirst, Offset{1}).error().code, ErrorCode::not_found);
  EXPECT_EQ(from->bounds(kFirst)->start, Offset{6});
}

}  // namespace
}  // namespace weir
