// R16: what quota says that it needs no more, and that nothing wrong there ever releases a record.
#include "ingest/spool/cursor_file.h"

#include "ingest/spool/log_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CursorTest : public LogTest {
 protected:
  CursorTest() {
    open();
    for (int i = 0; i < 10; ++i) append(kFirst, "a");
    for (int i = 0; i < 10; ++i) append(kSecond, "b");
  }
  Status store(std::vector<Offset> needed_from) {
    return store_cursor(disk_, "log", log_->id(), needed_from);
  }
  CursorWatch watch() { return CursorWatch(disk_, *log_); }
};

TEST_F(CursorTest, what_quota_wrote_is_what_the_owner_reads) {
  auto watched = watch();
  ASSERT_TRUE(store({Offset{3}, Offset{10}}));
  const auto look = watched.look();
  EXPECT_THAT(look.needed_from, ElementsAre(Offset{3}, Offset{10}));
  EXPECT_THAT(look.news, IsEmpty());
  ASSERT_TRUE(store({Offset{4}, Offset{10}}));
  EXPECT_EQ(watched.look().needed_from[0], Offset{4});
}

TEST_F(CursorTest, R16_before_quota_wrote_anything_everything_is_held_and_that_is_said_once) {
  auto watched = watch();
  const auto first = watched.look();
  EXPECT_THAT(first.needed_from, IsEmpty());
  EXPECT_THAT(first.news, ElementsAre(HasSubstr("no cursor yet")));
  EXPECT_THAT(watched.look().news, IsEmpty());
  ASSERT_TRUE(store({Offset{1}, Offset{1}}));
  EXPECT_THAT(watched.look().news, ElementsAre(HasSubstr("read again")));
}

TEST_F(CursorTest, R16_a_cursor_survives_a_power_failure_once_it_is_stored) {
  ASSERT_TRUE(store({Offset{3}, Offset{4}}));
  power_fails();
  open();
  EXPECT_THAT(watch().look().needed_from, ElementsAre(Offset{3}, Offset{4}));
}

TEST_F(CursorTest, R16_power_failures_while_it_is_written_leave_the_old_one_or_the_new_one) {
  ASSERT_TRUE(store({Offset{3}, Offset{4}}));
  for (std::int64_t step = 1; step <= 6; ++step) {
    disk_.die_at_step(step, [](std::uint64_t n) { return n / 2; });
    const Status stored = store({Offset{5}, Offset{6}});
    log_.reset();
    disk_.power_fail([](std::uint64_t n) { return n / 2; });
    open();
    const auto look = watch().look();
    ASSERT_EQ(look.needed_from.size(), 2u) << "died at step " << step;
    EXPECT_EQ(look.needed_from[1] - look.needed_from[0], 1);
    EXPECT_TRUE(!stored || look.needed_from[0] == Offset{5});
    ASSERT_TRUE(store({Offset{3}, Offset{4}}));
  }
}

TEST_F(CursorTest, R16_a_cursor_of_another_log_releases_nothing) {
  ASSERT_TRUE(store_cursor(disk_, "log", std::string(32, 'a'), std::vector{Offset{9}, Offset{9}}));
  const auto look = watch().look();
  EXPECT_THAT(look.needed_from, IsEmpty());
  EXPECT_THAT(look.news, ElementsAre(HasSubstr("another log")));
}

TEST_F(CursorTest, R16_a_cursor_damaged_at_any_byte_releases_nothing) {
  ASSERT_TRUE(store({Offset{9}, Offset{9}}));
  const std::string whole = disk_.content("log/cursor");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    for (const std::string& damaged : {flipped, whole.substr(0, at), whole + "x"}) {
      disk_.set_content("log/cursor", damaged);
      EXPECT_THAT(watch().look().needed_from, IsEmpty()) << "byte " << at;
    }
  }
}

TEST_F(CursorTest, R16_a_cursor_that_cannot_be_read_releases_nothing) {
  ASSERT_TRUE(store({Offset{9}, Offset{9}}));
  disk_.fail(MemoryDisk::Call::read, ErrorCode::unavailable);
  EXPECT_THAT(watch().look().needed_from, IsEmpty());
}

TEST_F(CursorTest, R16_a_cursor_of_other_partitions_releases_nothing) {
  ASSERT_TRUE(store({Offset{9}, Offset{9}, Offset{9}}));
  EXPECT_THAT(watch().look().needed_from, IsEmpty());
  ASSERT_TRUE(store({Offset{9}}));
  const auto look = watch().look();
  EXPECT_THAT(look.needed_from, IsEmpty());
  EXPECT_THAT(look.news, ElementsAre(HasSubstr("number of partitions")));
}

TEST_F(CursorTest, R16_a_cursor_beyond_the_end_holds_all_of_its_partition_and_that_is_said_once) {
  auto watched = watch();
  ASSERT_TRUE(store({Offset{3}, Offset{11}}));
  const auto look = watched.look();
  EXPECT_THAT(look.needed_from, ElementsAre(Offset{3}, Offset{0}));
  EXPECT_THAT(look.news, ElementsAre(HasSubstr("partition 1: quota's cursor is at 11")));
  EXPECT_THAT(watched.look().news, IsEmpty());
}

TEST_F(CursorTest, R16_a_cursor_that_goes_back_holds_from_there_and_that_is_said_once) {
  auto watched = watch();
  ASSERT_TRUE(store({Offset{9}, Offset{9}}));
  watched.look();
  ASSERT_TRUE(store({Offset{2}, Offset{9}}));
  const auto look = watched.look();
  EXPECT_THAT(look.needed_from, ElementsAre(Offset{2}, Offset{9}));
  EXPECT_THAT(look.news, ElementsAre(HasSubstr("went back from 9 to 2")));
  EXPECT_THAT(watched.look().news, IsEmpty());
}

TEST_F(CursorTest, a_log_id_that_is_none_is_refused) {
  EXPECT_EQ(store_cursor(disk_, "log", "log-1", {}).error().code, ErrorCode::invalid);
}

TEST_F(CursorTest, the_writer_of_the_log_does_not_mind_the_file) {
  ASSERT_TRUE(store({Offset{3}, Offset{4}}));
  open();
  EXPECT_EQ(append(kFirst, "next"), Offset{10});
}

}  // namespace
}  // namespace weir
