// What the writing end promises while nothing dies: file_log.h.
#include "ingest/spool/log_fixture.h"

namespace weir {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Call = MemoryDisk::Call;

TEST_F(LogTest, what_was_appended_is_read_and_is_there_after_reopening) {
  open();
  append(kFirst, "a");
  append(kSecond, "b");
  append(kFirst, "c");
  const std::string id = log_->id();
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(values(kFirst), ElementsAre("a", "c"));
    EXPECT_THAT(values(kSecond), ElementsAre("b"));
    open();
    EXPECT_EQ(log_->id(), id);
    EXPECT_THAT(log_->cut_at_open(), IsEmpty());
  }
  EXPECT_EQ(append(kFirst, "d"), Offset{2});
}

TEST_F(LogTest, everything_about_a_record_is_kept) {
  open();
  const std::string value("\0\xff\n", 3);
  const LogRecord record{kSecond, "application/json", "key", value, {"gw-1", 2, 3, 4}};
  const auto places = log_->append({&record, 1}, soon());
  ASSERT_TRUE(places);
  const auto from = reader();
  const auto read = from->read(kSecond, Offset{0});
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->append_time, places->at(0).append_time);
  EXPECT_EQ((*read)->append_time.value, clock_.now().value);
  EXPECT_EQ((*read)->content_type, "application/json");
  EXPECT_EQ((*read)->key, "key");
  EXPECT_EQ((*read)->value, value);
  EXPECT_EQ((*read)->origin.producer, "gw-1");
  EXPECT_EQ((*read)->origin.redrive, 4);
}

TEST_F(LogTest, a_power_failure_takes_nothing_that_was_acknowledged) {
  open();
  for (int i = 0; i < 5; ++i) append(kFirst, std::to_string(i));
  power_fails();
  open();
  EXPECT_THAT(values(kFirst), ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(LogTest, append_times_never_go_back) {
  options_.segment_bytes = 1;
  open();
  append(kFirst, "a");
  const std::int64_t first = clock_.now().value;
  clock_.set(WallTime{first - 1'000});
  append(kFirst, "b");
  open();
  append(kFirst, "c");
  const auto from = reader();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*from->read(kFirst, Offset{i}))->append_time, AppendTime{first});
  }
}

TEST_F(LogTest, segments_roll_and_are_read_on_without_a_seam) {
  options_.segment_bytes = 150;
  open();
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back("value " + std::to_string(i));
    append(kFirst, expected.back());
  }
  EXPECT_GT(disk_.list("log/0")->size(), 5u);
  EXPECT_EQ(values(kFirst), expected);
  for (int i = 0; i <= 20; ++i) {
    EXPECT_EQ(values(kFirst, Offset{i}).size(), static_cast<std::size_t>(20 - i));
  }
  open();
  EXPECT_EQ(values(kFirst), expected);
}

TEST_F(LogTest, a_reader_follows_the_writer) {
  options_.segment_bytes = 150;
  open();
  const auto from = reader();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(from->read(kFirst, Offset{i})->has_value());
    append(kFirst, std::to_string(i));
    EXPECT_EQ((*from->read(kFirst, Offset{i}))->value, std::to_string(i));
  }
}

TEST_F(LogTest, what_is_dropped_frees_its_bytes_and_is_not_found) {
  options_.segment_bytes = 150;
  open();
  const auto from = reader();
  for (int i = 0; i < 10; ++i) append(kFirst, "value " + std::to_string(i));
  ASSERT_TRUE(from->read(kFirst, Offset{0}));
  const std::int64_t before = log_->bytes();
  ASSERT_TRUE(log_->drop_before(kFirst, Offset{7}));
  EXPECT_LT(log_->bytes(), before / 2);
  const LogBounds bounds = log_->bounds(kFirst);
  EXPECT_GT(bounds.start, Offset{0});
  EXPECT_LE(bounds.start, Offset{7});
  EXPECT_EQ(bounds.end, Offset{10});
  EXPECT_EQ(from->bounds(kFirst)->start, bounds.start);
  EXPECT_EQ(from->read(kFirst, Offset{0}).error().code, ErrorCode::not_found);
  EXPECT_THAT(values(kFirst, Offset{7}), ElementsAre("value 7", "value 8", "value 9"));
  open();
  EXPECT_EQ(log_->bounds(kFirst).start, bounds.start);
  EXPECT_EQ(append(kFirst, "next"), Offset{10});
}

TEST_F(LogTest, a_full_log_says_so_and_takes_records_again_when_some_are_dropped) {
  options_.bytes_max = 4'000;
  options_.record_bytes_max = 1'000;
  open();
  const std::string value(400, 'x');
  std::int64_t taken = 0;
  while (try_append(kFirst, {value})) ++taken;
  EXPECT_GE(taken, 5);
  EXPECT_EQ(try_append(kFirst, {value}).error().code, ErrorCode::full);
  EXPECT_EQ(log_->bounds(kFirst).end, Offset{taken});
  EXPECT_LE(log_->bytes(), options_.bytes_max);
  // Nothing is needed any more: however large a segment may become, there is room.
  ASSERT_TRUE(log_->drop_before(kFirst, Offset{taken}));
  EXPECT_TRUE(try_append(kFirst, {value}));
  EXPECT_EQ(values(kFirst, Offset{taken}).size(), 1u);
}

TEST_F(LogTest, a_full_volume_loses_nothing_and_the_log_goes_on_with_space) {
  options_.segment_bytes = 600;
  open();
  const std::string value(200, 'x');
  disk_.set_bytes_max(5'000);
  int taken = 0;
  Result<std::vector<Appended>> last = try_append(kFirst, {value});
  for (; last; last = try_append(kFirst, {value})) ++taken;
  EXPECT_EQ(last.error().code, ErrorCode::full);
  EXPECT_EQ(values(kFirst).size(), static_cast<std::size_t>(taken));
  disk_.set_bytes_max(0);
  EXPECT_EQ(append(kFirst, "after"), Offset{taken});
  power_fails();
  open();
  EXPECT_EQ(values(kFirst).size(), static_cast<std::size_t>(taken) + 1);
  EXPECT_EQ(values(kFirst).back(), "after");
}

TEST_F(LogTest, a_group_that_fails_leaves_nothing_in_any_partition) {
  for (const Call call : {Call::write, Call::sync}) {
    for (const ErrorCode code : {ErrorCode::full, ErrorCode::unavailable}) {
      open();
      const LogBounds before[] = {log_->bounds(kFirst), log_->bounds(kSecond)};
      const std::vector<LogRecord> records = {{kFirst, "", "", "lost", {}},
                                              {kSecond, "", "", "lost", {}}};
      disk_.fail(call, code);
      const auto failed = log_->append(records, soon());
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().code, code);
      EXPECT_EQ(log_->bounds(kFirst).end, before[0].end);
      EXPECT_EQ(log_->bounds(kSecond).end, before[1].end);
      EXPECT_EQ(append(kSecond, "kept"), before[1].end);
      EXPECT_THAT(values(kFirst), Not(Contains("lost")));
      power_fails();
      open();
      EXPECT_THAT(values(kSecond), Not(Contains("lost")));
      EXPECT_EQ(values(kSecond).back(), "kept");
    }
  }
}

TEST_F(LogTest, a_group_that_cannot_be_undone_is_in_doubt_and_the_log_takes_no_more) {
  open();
  append(kFirst, "a");
  disk_.fail(Call::sync, ErrorCode::unavailable, 2);  // the group's, and the undoing's
  EXPECT_EQ(try_append(kFirst, {"b"}).error().code, ErrorCode::in_doubt);
  const auto refused = try_append(kFirst, {"c"});
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_THAT(refused.error().text(), HasSubstr("restart"));
  EXPECT_THAT(values(kFirst), ElementsAre("a"));
  open();
  EXPECT_THAT(values(kFirst), ElementsAre("a"));
  append(kFirst, "d");
}

TEST_F(LogTest, a_segment_that_cannot_be_made_costs_nothing) {
  options_.segment_bytes = 1;
  open();
  append(kFirst, "a");
  for (const Call call : {Call::make, Call::write, Call::sync}) {
    disk_.fail(call, ErrorCode::full);
    EXPECT_EQ(try_append(kFirst, {"x"}).error().code, ErrorCode::full);
  }
  append(kFirst, "b");
  power_fails();
  open();
  EXPECT_THAT(values(kFirst), ElementsAre("a", "b"));
}

TEST_F(LogTest, a_segment_that_cannot_be_made_while_dropping_does_not_hide_what_comes) {
  options_.segment_bytes = 1'000;
  open();
  append(kFirst, std::string(500, 'x'));
  for (const Call call : {Call::make, Call::write, Call::sync}) {
    disk_.fail(call, ErrorCode::unavailable);
    EXPECT_FALSE(log_->drop_before(kFirst, log_->bounds(kFirst).end));
    append(kFirst, "y");
    open();
    EXPECT_EQ(values(kFirst).back(), "y");
  }
  ASSERT_TRUE(log_->drop_before(kFirst, Offset{4}));
  EXPECT_EQ(log_->bounds(kFirst).start, Offset{4});
}

TEST_F(LogTest, a_second_writer_is_refused) {
  open();
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  log_.reset();
  EXPECT_TRUE(try_open());
}

TEST_F(LogTest, another_number_of_partitions_is_refused) {
  open();
  log_.reset();
  options_.partitions = 3;
  EXPECT_EQ(try_open().error().code, ErrorCode::config);
  options_.partitions = 0;
  EXPECT_EQ((*try_open())->partitions(), 2);
}

TEST_F(LogTest, a_log_that_must_be_there_is_not_made) {
  options_.partitions = 0;
  EXPECT_EQ(try_open().error().code, ErrorCode::not_found);
  EXPECT_EQ(LogReader::open(disk_, "log").error().code, ErrorCode::not_found);
}

TEST_F(LogTest, a_bound_that_cannot_be_is_refused) {
  options_.bytes_max = options_.record_bytes_max - 1;
  EXPECT_EQ(try_open().error().code, ErrorCode::config);
}

TEST_F(LogTest, records_that_cannot_be_are_invalid_and_harm_nobody) {
  options_.record_bytes_max = 100;
  open();
  EXPECT_EQ(try_append(PartitionId{2}, {"x"}).error().code, ErrorCode::invalid);
  EXPECT_EQ(try_append(PartitionId{-1}, {"x"}).error().code, ErrorCode::invalid);
  EXPECT_EQ(try_append(kFirst, {std::string(100, 'x')}).error().code, ErrorCode::invalid);
  const LogRecord nobody{kFirst, "", "", "", {"not an id", 1, 1, 0}};
  EXPECT_EQ(log_->append({&nobody, 1}, soon()).error().code, ErrorCode::invalid);
  EXPECT_EQ(append(kFirst, "x"), Offset{0});
}

TEST_F(LogTest, segments_without_their_log_are_not_overwritten) {
  open();
  append(kFirst, "a");
  log_.reset();
  ASSERT_TRUE(disk_.remove("log/log.toml"));
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::integrity);
}

}  // namespace
}  // namespace weir
