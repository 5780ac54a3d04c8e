// R16: a torn tail is cut, damage to what was durable is told with its address, and nothing is ever
// skipped. Small logs are damaged at every byte.
#include "ingest/spool/log_fixture.h"
#include "ingest/spool/log_format.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DamageTest : public LogTest {
 protected:
  DamageTest() {
    options_.partitions = 1;
    options_.segment_bytes = 250;
  }
  /// Three segments with two records each, but for the last one.
  void write_log() {
    open();
    for (const char* value : {"zero", "one", "two", "three", "four"}) {
      append(kFirst, std::string(70, '.') + value);
    }
    good_ = values(kFirst);
    log_.reset();
    const auto names = disk_.list("log/0");
    for (const std::string& name : *names) files_.push_back("log/0/" + name);
    ASSERT_EQ(files_.size(), 3u);
  }
  /// The machine was started anew, and `ends` did not survive.
  void lose_ends() {
    ASSERT_TRUE(disk_.remove("log/ends"));
    power_fails();
    disk_.set_content("log/ends", "");
  }
  /// Opens the log and reads it: what came, and in `error_` what stopped it.
  std::vector<std::string> open_and_read() {
    error_ = "";
    auto opened = try_open();
    if (!opened) {
      EXPECT_EQ(opened.error().code, ErrorCode::integrity) << opened.error().text();
      error_ = opened.error().what;
      return {};
    }
    const auto from = reader();
    std::vector<std::string> all;
    for (Offset offset{0};; ++offset) {
      const auto record = from->read(kFirst, offset);
      if (!record) {
        EXPECT_EQ(record.error().code, ErrorCode::integrity) << record.error().text();
        error_ = record.error().what;
        return all;
      }
      if (!*record) return all;
      all.emplace_back((*record)->value);
    }
  }
  void expect_beginning(const std::vector<std::string>& read) {
    ASSERT_LE(read.size(), good_.size());
    for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], good_[i]);
  }

  std::vector<std::string> good_;
  std::vector<std::string> files_;
  std::string error_;
};

TEST_F(DamageTest, R16_any_bit_flipped_in_a_durable_record_is_told_and_nothing_is_skipped) {
  write_log();
  for (const std::string& file : files_) {
    const std::string whole = disk_.content(file);
    for (std::size_t byte = 0; byte < whole.size(); ++byte) {
      std::string flipped = whole;
      flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << byte % 8));
      disk_.set_content(file, flipped);
      const auto read = open_and_read();
      ASSERT_THAT(error_, HasSubstr("of partition 0, at byte ")) << file << " " << byte;
      ASSERT_THAT(error_, HasSubstr(file));
      ASSERT_LT(read.size(), good_.size());
      expect_beginning(read);
      disk_.set_content(file, whole);
    }
  }
  EXPECT_EQ(open_and_read(), good_);
  EXPECT_EQ(error_, "");
}

TEST_F(DamageTest, R16_a_durable_segment_that_was_cut_anywhere_is_told) {
  write_log();
  for (const std::string& file : files_) {
    const std::string whole = disk_.content(file);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      disk_.set_content(file, whole.substr(0, length));
      const auto read = open_and_read();
      ASSERT_NE(error_, "") << file << " " << length;
      expect_beginning(read);
      disk_.set_content(file, whole);
    }
  }
}

TEST_F(DamageTest, R16_a_segment_that_is_gone_is_told) {
  write_log();
  for (const std::size_t gone : {1, 2}) {
    const std::string whole = disk_.content(files_[gone]);
    ASSERT_TRUE(disk_.remove(files_[gone]));
    expect_beginning(open_and_read());
    EXPECT_NE(error_, "");
    ASSERT_TRUE(disk_.open(files_[gone], OpenFor::making));
    disk_.set_content(files_[gone], whole);
  }
  EXPECT_EQ(open_and_read(), good_);
}

TEST_F(DamageTest, a_tail_torn_at_any_byte_is_cut_and_the_log_goes_on) {
  write_log();
  std::string torn;
  write_record(read_meta(disk_.content("log/log.toml"), "")->id,
               {kFirst, "text", "", "never acknowledged", {}}, Offset{5}, AppendTime{0}, Offset{5},
               torn);
  const std::string whole = disk_.content(files_.back());
  for (std::size_t length = 1; length < torn.size(); ++length) {
    disk_.set_content(files_.back(), whole + torn.substr(0, length));
    open();
    ASSERT_EQ(log_->cut_at_open().size(), 1u);
    EXPECT_THAT(log_->cut_at_open()[0],
                HasSubstr("cut " + std::to_string(length) + " bytes behind record 4"));
    ASSERT_EQ(values(kFirst), good_);
    log_.reset();
    ASSERT_EQ(disk_.content(files_.back()), whole);
  }
  open();
  EXPECT_EQ(append(kFirst, "next"), Offset{5});
}

TEST_F(DamageTest, a_whole_record_that_was_never_acknowledged_is_kept_and_durable) {
  write_log();
  std::string bytes = disk_.content(files_.back());
  write_record(read_meta(disk_.content("log/log.toml"), "")->id, {kFirst, "", "", "whole", {}},
               Offset{5}, AppendTime{0}, Offset{5}, bytes);
  disk_.set_content(files_.back(), bytes);
  open();
  EXPECT_EQ(values(kFirst).back(), "whole");
  power_fails();
  open();
  EXPECT_EQ(values(kFirst).back(), "whole");
}

TEST_F(DamageTest, without_the_published_ends_the_records_tell_what_was_durable) {
  // All in one segment, so that only the records' own H can tell.
  options_.segment_bytes = 1 << 20;
  open();
  for (int i = 0; i < 4; ++i) append(kFirst, std::to_string(i));
  log_.reset();
  lose_ends();
  const std::string file = "log/0/" + segment_name(Offset{0});
  const std::string whole = disk_.content(file);
  EXPECT_THAT(open_and_read(), ElementsAre("0", "1", "2", "3"));
  int cut = 0;
  for (std::size_t byte = 0; byte < whole.size(); ++byte) {
    std::string flipped = whole;
    flipped[byte] = static_cast<char>(flipped[byte] ^ 0x40);
    disk_.set_content(file, flipped);
    disk_.set_content("log/ends", "");
    const auto read = open_and_read();
    // Nothing tells that the very last record was acknowledged; anything before it, the last does.
    if (error_.empty()) {
      ASSERT_THAT(read, ElementsAre("0", "1", "2")) << byte;
      ++cut;
    }
    disk_.set_content(file, whole);
  }
  EXPECT_EQ(static_cast<std::size_t>(cut), record_bytes({kFirst, "text", "", "3", {}}));
}

TEST_F(DamageTest, ends_that_are_torn_say_less_and_never_too_much) {
  write_log();
  const std::string whole = disk_.content("log/ends");
  for (std::size_t byte = 0; byte < whole.size(); ++byte) {
    std::string flipped = whole;
    flipped[byte] = static_cast<char>(flipped[byte] ^ 0x04);
    disk_.set_content("log/ends", flipped);
    expect_beginning(values(kFirst));
    ASSERT_GE(values(kFirst).size(), good_.size() - 1);
    disk_.set_content("log/ends", whole);
  }
  disk_.set_content("log/ends", std::string(whole.size(), '\0'));
  EXPECT_EQ(reader()->bounds(kFirst).error().code, ErrorCode::unavailable);
  EXPECT_EQ(open_and_read(), good_);
}

TEST_F(DamageTest, ends_of_another_life_of_the_machine_are_not_believed_by_readers) {
  write_log();
  disk_.power_fail([](std::uint64_t) { return 1; });  // everything survives
  EXPECT_EQ(reader()->bounds(kFirst).error().code, ErrorCode::unavailable);
  EXPECT_EQ(open_and_read(), good_);
}

}  // namespace
}  // namespace weir
