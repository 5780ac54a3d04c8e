// What a reader of a file log is told when the log moves on without it: retention, another log in its
// place, none at all.
#include "ingest/spool/file_log_source.h"

#include "base/digest.h"
#include "ingest/spool/log_fixture.h"
#include "ingest/spool/real_disk.h"
#include "ingest/stream/lineage.h"

#include <filesystem>

namespace weir {
namespace {

using testing::ElementsAre;
using Kind = Polled::Kind;

class LogSourceTest : public testing::Test {
 protected:
  LogSourceTest()
      : root_((std::filesystem::temp_directory_path() / ("weir-log-" + random_hex(8))).string()) {
    options_.folder = root_ + "/log";
    options_.partitions = 2;
    options_.segment_bytes = 1;  // every record begins a new segment
  }
  ~LogSourceTest() override {
    log_.reset();
    std::filesystem::remove_all(root_);
  }
  void open() {
    auto opened = FileLog::open(disk_, options_, clock_);
    ASSERT_TRUE(opened) << opened.error().text();
    log_ = *std::move(opened);
  }
  void append(const std::string& value) {
    const LogRecord record{kFirst, "", "", value, {}};
    ASSERT_TRUE(log_->append({&record, 1}, soon()));
  }
  void move_away() {
    log_.reset();
    std::filesystem::rename(options_.folder, root_ + "/old");
  }
  void read_all_from_start() {
    source_ = *FileLogSource::open(disk_, options_.folder);
    ASSERT_EQ(poll(), Kind::assigned);
    ASSERT_TRUE(source_->start(kFirst, Offset{0}));
    while (poll() == Kind::record) {
    }
  }
  Kind poll() {
    Result<Polled> polled = source_->poll(Micros(0));
    EXPECT_TRUE(polled) << polled.error().text();
    if (!polled) return Kind::nothing;
    told_.assign(polled->partitions.begin(), polled->partitions.end());
    if (polled->kind == Kind::record) value_ = std::string(polled->record.value);
    return polled->kind;
  }

  const std::string root_;
  RealDisk disk_;
  ManualClock clock_{WallTime{1'700'000'000'000'000}};
  FileLogOptions options_;
  std::unique_ptr<FileLog> log_;
  std::unique_ptr<FileLogSource> source_;
  std::vector<PartitionId> told_;
  std::string value_;
};

TEST_F(LogSourceTest, R16_what_retention_took_before_it_was_read_is_told_once_and_start_goes_on) {
  open();
  for (const char* value : {"a", "b", "c", "d"}) append(value);
  source_ = *FileLogSource::open(disk_, options_.folder);
  ASSERT_EQ(poll(), Kind::assigned);
  ASSERT_TRUE(source_->start(kFirst, Offset{0}));
  ASSERT_EQ(poll(), Kind::record);
  Retention hard;
  hard.held_bytes_max = log_->bytes() / 2;
  ASSERT_FALSE(log_->retain(hard, {}).unread.empty());
  ASSERT_EQ(poll(), Kind::unreadable);
  EXPECT_THAT(told_, ElementsAre(kFirst));
  EXPECT_EQ(poll(), Kind::nothing);
  ASSERT_TRUE(source_->start(kFirst, source_->bounds(kFirst, soon())->start));
  ASSERT_EQ(poll(), Kind::record);
  EXPECT_EQ(value_, "d");
}

TEST_F(LogSourceTest, R1_another_log_in_its_place_is_told_as_revoked_and_assigned) {
  open();
  for (const char* value : {"a", "b"}) append(value);
  read_all_from_start();
  const std::string before = source_->log_id();
  move_away();
  open();
  for (const char* value : {"x", "y", "z"}) append(value);
  EXPECT_EQ(source_->bounds(kFirst, soon()).error().code, ErrorCode::unavailable);
  ASSERT_EQ(poll(), Kind::revoked);
  EXPECT_THAT(told_, ElementsAre(kFirst, kSecond));
  ASSERT_EQ(poll(), Kind::assigned);
  EXPECT_THAT(told_, ElementsAre(kFirst, kSecond));
  EXPECT_NE(source_->log_id(), before);
  EXPECT_EQ(poll(), Kind::nothing) << "nothing is delivered before start()";
  ASSERT_TRUE(source_->start(kFirst, Offset{2}));
  ASSERT_EQ(poll(), Kind::record);
  EXPECT_EQ(value_, "z");
}

TEST_F(LogSourceTest, R1_the_anchor_of_the_old_log_does_not_hold_in_the_new_one) {
  open();
  for (const char* value : {"a", "b"}) append(value);
  read_all_from_start();
  PartitionState state;
  state.partition = kFirst;
  state.next = Offset{2};
  state.anchor = **source_->anchor_at(kFirst, Offset{1}, soon());
  const auto broken = [&] {
    const auto bounds = source_->bounds(kFirst, soon());
    return *find_lineage_break(*source_, state, *bounds, soon());
  };
  EXPECT_FALSE(broken());
  move_away();
  open();
  for (const char* value : {"a", "x", "c"}) append(value);
  ASSERT_EQ(poll(), Kind::revoked);
  ASSERT_EQ(poll(), Kind::assigned);
  EXPECT_TRUE(broken());
}

TEST_F(LogSourceTest, R1_a_log_with_other_partitions_in_its_place_is_held_as_far_as_it_has_them) {
  open();
  source_ = *FileLogSource::open(disk_, options_.folder);
  source_->deal({kSecond});
  ASSERT_EQ(poll(), Kind::assigned);
  ASSERT_EQ(poll(), Kind::nothing);
  move_away();
  options_.partitions = 1;
  open();
  ASSERT_EQ(poll(), Kind::revoked);
  EXPECT_THAT(told_, ElementsAre(kSecond));
  EXPECT_EQ(poll(), Kind::nothing);
  EXPECT_EQ(source_->partitions(), 1);
}

TEST_F(LogSourceTest, what_was_dealt_and_not_told_is_replaced_by_the_next_dealing) {
  open();
  source_ = *FileLogSource::open(disk_, options_.folder);
  source_->deal({});
  EXPECT_EQ(poll(), Kind::nothing);
  source_->deal({kFirst});
  source_->deal({kSecond});
  ASSERT_EQ(poll(), Kind::assigned);
  EXPECT_THAT(told_, ElementsAre(kSecond));
  source_->deal({kFirst});
  source_->deal({kFirst, kSecond});
  ASSERT_EQ(poll(), Kind::revoked);
  EXPECT_THAT(told_, ElementsAre(kSecond));
  ASSERT_EQ(poll(), Kind::assigned);
  EXPECT_THAT(told_, ElementsAre(kFirst, kSecond));
  EXPECT_EQ(poll(), Kind::nothing);
}

TEST_F(LogSourceTest, a_log_that_is_taken_away_is_not_found_until_it_is_back) {
  open();
  append("a");
  read_all_from_start();
  move_away();
  EXPECT_EQ(source_->poll(Micros(0)).error().code, ErrorCode::not_found);
  std::filesystem::rename(root_ + "/old", options_.folder);
  open();
  append("b");
  ASSERT_EQ(poll(), Kind::record);
  EXPECT_EQ(value_, "b");
}

}  // namespace
}  // namespace weir
