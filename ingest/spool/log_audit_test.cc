// A log is looked through from outside: what is whole, what is damaged and where, what is torn.
#include "ingest/spool/log_audit.h"

#include "ingest/spool/log_fixture.h"
#include "ingest/spool/log_format.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LogAuditTest : public LogTest {
 protected:
  LogAuditTest() { options_.segment_bytes = 250; }
  /// In the first partition three segments, of two records each but for the last.
  void write_log() {
    open();
    for (const char* value : {"zero", "one", "two", "three", "four"}) {
      append(kFirst, std::string(70, '.') + value);
      clock_.advance(std::chrono::seconds(1));
    }
    append(kSecond, "alone");
    log_.reset();
    const auto names = disk_.list("log/0");
    for (const std::string& name : *names) files_.push_back("log/0/" + name);
    ASSERT_EQ(files_.size(), 3u);
  }
  LogAudit audit() {
    Result<LogAudit> found = audit_log(disk_, "log");
    EXPECT_TRUE(found) << found.error().text();
    return found ? *found : LogAudit();
  }
  std::vector<std::string> damage() {
    std::vector<std::string> all;
    for (const Error& one : audit().partitions[0].damage) all.push_back(one.what);
    return all;
  }
  std::vector<std::int64_t> walked(Offset from, std::size_t most) {
    std::vector<std::int64_t> offsets;
    const Status done = walk_log(disk_, "log", kFirst, from, [&](const StreamRecord& record) {
      offsets.push_back(record.offset.value);
      return offsets.size() < most;
    });
    EXPECT_TRUE(done) << done.error().text();
    return offsets;
  }

  std::vector<std::string> files_;
};

TEST_F(LogAuditTest, a_whole_log_says_what_it_holds) {
  write_log();
  const LogAudit found = audit();
  EXPECT_TRUE(found.whole());
  ASSERT_EQ(found.partitions.size(), 2u);
  const PartitionAudit& first = found.partitions[0];
  EXPECT_EQ(first.start, Offset{0});
  EXPECT_EQ(first.end, Offset{5});
  EXPECT_TRUE(first.current);
  EXPECT_EQ(first.segments, 3);
  EXPECT_EQ(first.records, 5);
  EXPECT_EQ(first.beyond_bytes, 0);
  EXPECT_EQ(*first.newest - *first.oldest, 4'000'000);
  std::int64_t bytes = 0;
  for (const std::string& file : files_) {
    bytes += static_cast<std::int64_t>(disk_.content(file).size());
  }
  EXPECT_EQ(first.bytes, bytes);
  EXPECT_EQ(found.partitions[1].records, 1);
}

TEST_F(LogAuditTest, its_writer_may_go_on_meanwhile) {
  write_log();
  open();
  append(kFirst, "five");
  EXPECT_EQ(audit().partitions[0].records, 6);
  ASSERT_TRUE(log_->drop_before(kFirst, Offset{4}));
  const LogAudit found = audit();
  EXPECT_TRUE(found.whole());
  EXPECT_EQ(found.partitions[0].start, Offset{4});
  EXPECT_EQ(found.partitions[0].records, 2);
}

/// Does something when a partition's segments have been listed.
class BusyDisk : public MemoryDisk {
 public:
  Result<std::vector<std::string>> list(const std::string& folder) override {
    if (early && folder == "log/0") std::exchange(early, nullptr)();
    auto names = MemoryDisk::list(folder);
    if (late && folder == "log/0") std::exchange(late, nullptr)();
    return names;
  }
  std::function<void()> early, late;
};

// What was dropped after the end had been read made the audit read the end again, and then the newest
// segment, which it had not listed, was called gone.
TEST_F(LogAuditTest, its_writer_may_roll_and_drop_in_the_middle_of_an_audit) {
  for (const bool late : {false, true}) {
    BusyDisk disk;
    const auto log = *FileLog::open(disk, options_, clock_);
    const std::string value(200, 'v');
    const auto add = [&] {
      const LogRecord record{kFirst, "", "", value, {}};
      EXPECT_TRUE(log->append({&record, 1}, soon()));
    };
    for (int i = 0; i < 5; ++i) add();
    (late ? disk.late : disk.early) = [&] {
      for (int i = 0; i < 3; ++i) add();
      EXPECT_TRUE(log->drop_before(kFirst, Offset{3}));
    };
    const Result<LogAudit> found = audit_log(disk, "log");
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_TRUE(found->whole()) << found->partitions[0].damage.front().text();
    EXPECT_EQ(found->partitions[0].start, Offset{3});
    EXPECT_EQ(found->partitions[0].end, Offset{5}) << "as it was when it was asked for";
    EXPECT_EQ(found->partitions[0].records, 2);
  }
}

TEST_F(LogAuditTest, R16_any_bit_flipped_below_the_end_is_found_and_the_next_segment_is_read) {
  write_log();
  for (std::size_t file = 0; file < files_.size(); ++file) {
    const std::string whole = disk_.content(files_[file]);
    for (std::size_t byte = 0; byte < whole.size(); ++byte) {
      std::string flipped = whole;
      flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << byte % 8));
      disk_.set_content(files_[file], flipped);
      const LogAudit found = audit();
      ASSERT_EQ(found.partitions[0].damage.size(), 1u) << files_[file] << " " << byte;
      EXPECT_THAT(found.partitions[0].damage[0].what, HasSubstr(files_[file]));
      const std::int64_t elsewhere = file == 2 ? 4 : 3;
      EXPECT_GE(found.partitions[0].records, elsewhere) << files_[file] << " " << byte;
      EXPECT_EQ(disk_.content(files_[file]), flipped) << "nothing is changed";
    }
    disk_.set_content(files_[file], whole);
  }
  EXPECT_TRUE(audit().whole());
}

TEST_F(LogAuditTest, R16_a_segment_that_is_cut_or_gone_is_found) {
  write_log();
  for (const std::string& file : files_) {
    const std::string whole = disk_.content(file);
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
      disk_.set_content(file, whole.substr(0, bytes));
      ASSERT_FALSE(audit().whole()) << file << " cut to " << bytes;
    }
    disk_.set_content(file, whole);
    ASSERT_TRUE(disk_.rename(file, "log/0/aside"));
    ASSERT_FALSE(audit().whole()) << file << " gone";
    ASSERT_TRUE(disk_.rename("log/0/aside", file));
  }
}

TEST_F(LogAuditTest, a_torn_end_is_no_damage) {
  write_log();
  const std::string whole = disk_.content(files_[2]);
  disk_.set_content(files_[2], whole + "torn");
  const LogAudit found = audit();
  EXPECT_TRUE(found.whole());
  EXPECT_EQ(found.partitions[0].beyond_bytes, 4);
}

TEST_F(LogAuditTest, without_the_published_end_it_tells_what_stands_there) {
  write_log();
  ASSERT_TRUE(disk_.remove("log/ends"));
  disk_.set_content(files_[2], disk_.content(files_[2]) + "torn");
  const LogAudit found = audit();
  EXPECT_TRUE(found.whole());
  EXPECT_FALSE(found.partitions[0].current);
  EXPECT_EQ(found.partitions[0].end, Offset{5});
  EXPECT_EQ(found.partitions[0].records, 5);
  EXPECT_EQ(found.partitions[0].beyond_bytes, 4);
}

TEST_F(LogAuditTest, a_walk_begins_where_it_is_told_and_ends_when_it_is_told) {
  write_log();
  EXPECT_THAT(walked(Offset{0}, 100), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(walked(Offset{3}, 100), ElementsAre(3, 4));
  EXPECT_THAT(walked(Offset{1}, 2), ElementsAre(1, 2));
  EXPECT_THAT(walked(Offset{5}, 2), IsEmpty());
  const Status none = walk_log(disk_, "log", PartitionId{2}, Offset{0}, {});
  EXPECT_EQ(none.error().code, ErrorCode::invalid);
  EXPECT_THAT(none.error().remedy, HasSubstr("0 to 1"));
}

TEST_F(LogAuditTest, a_folder_without_a_log_says_where_one_is) {
  options_.folder = "spool/epoch-1";
  open();
  const Result<LogAudit> found = audit_log(disk_, "spool");
  EXPECT_EQ(found.error().code, ErrorCode::not_found);
  EXPECT_THAT(found.error().remedy, HasSubstr("spool/epoch-1"));
  EXPECT_EQ(audit_log(disk_, "nowhere").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace weir
