#include "ingest/connect/log_cursor.h"

#include "ingest/spool/cursor_file.h"
#include "ingest/spool/file_stream_log.h"
#include "ingest/spool/log_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A log whose every record begins a segment, one record a second in each of two partitions.
class LogCursorTest : public LogTest {
 protected:
  LogCursorTest() {
    options_.segment_bytes = 1;
    open();
    for (int second = 0; second < 5; ++second) {
      append(kFirst, "a");
      append(kSecond, "b");
      times_.push_back(AppendTime{clock_.now().value});
      clock_.advance(std::chrono::seconds(1));
    }
  }
  std::vector<Offset> held() { return CursorWatch(disk_, *log_).look().needed_from; }
  std::string cluster() const { return cluster_id_of_log(log_->id()); }

  LogCursor cursor_{disk_, "log"};
  std::vector<AppendTime> times_;
};

TEST_F(LogCursorTest, R16_what_is_not_applied_and_what_the_index_must_read_again_is_held) {
  const std::vector<LogCursor::Need> needs = {{Offset{4}, times_[2]}, {Offset{1}, times_[3]}};
  ASSERT_TRUE(cursor_.publish(cluster(), needs));
  const std::vector<Offset> from = held();
  ASSERT_EQ(from.size(), 2u);
  EXPECT_LE(from[0], Offset{2}) << "the record of that time is needed";
  EXPECT_GE(from[0], Offset{1}) << "and not much more";
  EXPECT_EQ(from[1], Offset{1}) << "what is not applied goes before";
}

TEST_F(LogCursorTest, R16_a_partition_of_which_nothing_is_known_is_held_whole) {
  const std::vector<LogCursor::Need> needs = {{Offset{4}, times_[4]}};
  ASSERT_TRUE(cursor_.publish(cluster(), needs));
  EXPECT_EQ(held()[1], Offset{0});
  const std::vector<LogCursor::Need> unread = {{Offset{0}, std::nullopt}, {Offset{4}, times_[4]}};
  ASSERT_TRUE(cursor_.publish(cluster(), unread));
  EXPECT_EQ(held()[0], Offset{0});
}

TEST_F(LogCursorTest, R16_nothing_is_said_of_another_log_than_the_one_that_was_applied) {
  const std::vector<LogCursor::Need> needs = {{Offset{4}, times_[4]}, {Offset{4}, times_[4]}};
  ASSERT_TRUE(cursor_.publish("log-of another", needs));
  EXPECT_THAT(held(), IsEmpty()) << "all is held";
}

}  // namespace
}  // namespace weir
