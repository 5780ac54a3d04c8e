// Tail, step by step on real files: what is read, and when everything was read (R15).
#include "ingest/collector/tail.h"

#include "base/digest.h"
#include "ingest/collector/tail_health.h"
#include "ingest/collector/tail_input.h"
#include "ingest/stream/memory_stream.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>

namespace weir {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TailTest : public testing::Test {
 protected:
  TailTest()
      : folder_(fs::temp_directory_path() / ("weir-tail-" + random_hex(6))),
        path_((folder_ / "access.log").string()),
        clock_(WallTime{1'700'000'000'000'000}),
        stream_(1, clock_),
        sink_(stream_.sink()),
        key_(*IdentityKey::from_secret("an identity key for tests only")) {
    fs::create_directories(folder_);
    start();
  }
  ~TailTest() override { fs::remove_all(folder_); }

  void start(const std::string& rejects = "") {
    LineArguments arguments;
    arguments.format = "ndjson";
    arguments.tenant = "acme";
    shipper_ = std::make_unique<LineShipper>(*LineShipper::make(
        {*sink_, key_, clock_, std::chrono::minutes(5), std::chrono::seconds(10), 1}, arguments,
        *RouteTemplates::make({}, 100), RejectFile(rejects, true)));
    tail_ = std::make_unique<Tail>(path_, TailState(folder_.string(), path_), *shipper_, clock_);
    ASSERT_TRUE(tail_->begin());
  }
  void write(const std::string& id, const std::string& name = "access.log") {
    std::ofstream(folder_ / name, std::ios::app)
        << R"({"source":"s","id":")" << id << R"(","time":1699999999000000,"subscription":"x"})"
        << "\n";
  }
  bool step() {
    const Result<bool> busy = tail_->step({});
    EXPECT_TRUE(busy) << busy.error().text();
    return busy && *busy;
  }
  /// One step of a tail that is being stopped: whatever fails is not tried again by itself.
  Result<bool> last_step() {
    std::stop_source source;
    source.request_stop();
    return tail_->step(source.get_token());
  }
  std::int64_t on_the_stream() const { return stream_.seen().records; }
  void read_all() {
    while (step() || !tail_->at_end()) clock_.advance(std::chrono::milliseconds(200));
  }
  std::int64_t accepted() const { return shipper_->counts().accepted; }
  /// "" when END may be said; else why not.
  std::string unread() const {
    const Status all = check_all_read(path_, *TailState(folder_.string(), path_).read());
    if (all) return "";
    EXPECT_EQ(all.error().code, ErrorCode::conflict);
    return all.error().what;
  }
  /// No line is known to be lost to the tail.
  bool whole() const { return !*TailState(folder_.string(), path_).lost(); }
  void rotate(const std::string& to) { fs::rename(path_, folder_ / to); }

  const fs::path folder_;
  const std::string path_;
  ManualClock clock_;
  MemoryStream stream_;
  std::unique_ptr<RecordSink> sink_;
  const IdentityKey key_;
  std::unique_ptr<LineShipper> shipper_;
  std::unique_ptr<Tail> tail_;
};

TEST_F(TailTest, R15_the_end_is_reached_when_every_line_is_with_the_sink) {
  write("1");
  write("2");
  step();
  EXPECT_TRUE(tail_->at_end());
  EXPECT_EQ(accepted(), 2);
}

TEST_F(TailTest, R15_a_rotated_file_is_read_before_the_end_is_said) {
  write("1");
  read_all();
  write("2");
  rotate("access.log.1");
  write("3");
  step();  // reads what the old one holds
  EXPECT_FALSE(tail_->at_end());
  write("late in the old one", "access.log.1");
  step();
  EXPECT_FALSE(tail_->at_end());
  read_all();
  EXPECT_EQ(accepted(), 4);
  EXPECT_TRUE(whole());
}

TEST_F(TailTest, R15_a_file_that_was_rotated_away_during_a_stop_is_read_first) {
  write("1");
  read_all();
  write("2");
  rotate("access.log.1");
  write("3");
  start();
  read_all();
  EXPECT_EQ(accepted(), 2);
  EXPECT_TRUE(whole());
}

TEST_F(TailTest, R15_lines_that_are_lost_are_remembered_until_an_operator_settles_it) {
  write("1");
  read_all();
  write("2");
  fs::remove(path_);
  write("3");
  start();
  read_all();
  EXPECT_FALSE(whole());
  start();
  EXPECT_FALSE(whole());
  fs::remove(TailState(folder_.string(), path_).lost_path());
  EXPECT_TRUE(whole());
}

TEST_F(TailTest, R15_a_file_that_was_cut_is_begun_anew_and_not_whole) {
  write("1");
  write("2");
  read_all();
  fs::resize_file(path_, 0);
  write("3");
  read_all();
  EXPECT_EQ(accepted(), 3);
  EXPECT_FALSE(whole());
}

TEST_F(TailTest, R15_two_rotations_behind_its_back_are_noticed) {
  write("1");
  read_all();
  rotate("access.log.2");
  write("2");
  rotate("access.log.1");
  const auto later = fs::last_write_time(folder_ / "access.log.2") + std::chrono::seconds(5);
  fs::last_write_time(folder_ / "access.log.1", later);
  write("3");
  read_all();
  EXPECT_FALSE(whole());
}

// A sealed tail with lines in memory alone: the spool was full, the operator stopped the tail, and its
// last step found no new line, so that everything seemed to be in.
TEST_F(TailTest, R15_the_end_is_not_reached_while_lines_are_held_in_memory) {
  write("1");
  stream_.fail_appends(std::vector<MemoryStream::AppendFault>(2));
  EXPECT_FALSE(last_step());
  EXPECT_FALSE(last_step());
  EXPECT_FALSE(tail_->at_end());
  EXPECT_TRUE(last_step());
  EXPECT_TRUE(tail_->at_end());
  EXPECT_EQ(on_the_stream(), 1);
}

TEST_F(TailTest, R15_what_is_held_in_memory_is_shipped_before_a_file_that_is_gone_is_the_end) {
  write("1");
  stream_.fail_appends(std::vector<MemoryStream::AppendFault>(1));
  EXPECT_FALSE(last_step());
  fs::resize_file(path_, 0);
  read_all();
  EXPECT_EQ(on_the_stream(), 1);
  EXPECT_FALSE(whole());
}

TEST_F(TailTest, R15_the_end_is_not_reached_while_refused_lines_are_not_kept) {
  start("/dev/full");
  write("1");
  std::ofstream(path_, std::ios::app) << "no event\n";
  EXPECT_FALSE(last_step());
  EXPECT_FALSE(last_step());
  EXPECT_FALSE(tail_->at_end());
}

TEST_F(TailTest, R15_a_source_has_ended_when_its_input_was_read_to_the_last_byte) {
  EXPECT_EQ(unread(), "");  // nothing was ever there
  write("1");
  EXPECT_THAT(unread(), HasSubstr("has not read"));
  read_all();
  EXPECT_EQ(unread(), "");
  write("2");
  EXPECT_THAT(unread(), HasSubstr("has read to position"));
  read_all();
  rotate("access.log.1");
  EXPECT_EQ(unread(), "");
  std::ofstream(folder_ / "access.log").close();
  EXPECT_EQ(unread(), "");
  write("3");
  EXPECT_THAT(unread(), HasSubstr("has not read"));
}

// The tail stopped, the file grew and was rotated: the name was gone, or meant an empty file, and END
// followed over the lines that nobody had read.
TEST_F(TailTest, R15_END_is_refused_over_a_rotated_file_that_was_not_read_to_its_end) {
  write("1");
  read_all();
  write("2");
  rotate("access.log.1");
  EXPECT_THAT(unread(), HasSubstr("has read to position"));
  std::ofstream(folder_ / "access.log").close();
  EXPECT_THAT(unread(), HasSubstr("has read to position"));
  fs::remove(folder_ / "access.log.1");
  EXPECT_THAT(unread(), HasSubstr("is gone"));
}

TEST_F(TailTest, R15_END_is_refused_over_a_file_that_was_rotated_away_unseen) {
  write("1");
  read_all();
  rotate("access.log.2");
  write("2", "access.log.1");
  const auto later = fs::last_write_time(folder_ / "access.log.2") + std::chrono::seconds(5);
  fs::last_write_time(folder_ / "access.log.1", later);
  EXPECT_THAT(unread(), HasSubstr("access.log.1 was written after"));
}

TEST_F(TailTest, R15_END_over_a_last_line_without_its_newline_says_so) {
  std::ofstream(path_) << "half a line";
  EXPECT_THAT(unread(), HasSubstr("has not read"));
  std::ofstream(path_, std::ios::app) << "\n";
  read_all();
  std::ofstream(path_, std::ios::app) << "and another half";
  read_all();
  EXPECT_THAT(unread(), HasSubstr("has no newline"));
}

// The file was cut while the state's volume was full: the mark could not be written, and was forgotten.
TEST_F(TailTest, R15_lines_that_are_lost_are_marked_before_the_next_file_is_begun) {
  write("1");
  write("2");
  read_all();
  fs::resize_file(path_, 0);
  write("3");
  const fs::path mark = TailState(folder_.string(), path_).lost_path();
  fs::create_directories(mark / "in the way");  // nothing can be renamed over it
  EXPECT_FALSE(last_step());
  EXPECT_FALSE(last_step());
  fs::remove_all(mark);
  EXPECT_TRUE(last_step());
  EXPECT_FALSE(whole());
  read_all();
  EXPECT_EQ(accepted(), 3);
}

TEST_F(TailTest, R15_every_loss_is_remembered_and_each_once) {
  const TailState state(folder_.string(), path_);
  EXPECT_TRUE(state.losses()->empty());
  ASSERT_TRUE(state.mark_lost("a.log was cut"));
  ASSERT_TRUE(state.mark_lost("a.log.1 is gone"));
  ASSERT_TRUE(state.mark_lost("a.log was cut"));
  EXPECT_THAT(*state.losses(), testing::ElementsAre("a.log was cut", "a.log.1 is gone"));
  EXPECT_TRUE(*state.lost());
}

// One line in the log, without line, position or path, and the tail went on and sealed.
TEST_F(TailTest, R15_a_refused_line_that_cannot_be_kept_stops_the_tail_at_it) {
  const fs::path rejects = folder_ / "not there" / "rejects";
  start(rejects.string());
  write("1");
  std::ofstream(path_, std::ios::app) << "no event\n";
  const Result<bool> refused = last_step();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("line 2, at position 67"));
  EXPECT_THAT(refused.error().what, HasSubstr(rejects.string()));
  EXPECT_FALSE(last_step());
  EXPECT_FALSE(tail_->at_end());
  fs::create_directories(rejects.parent_path());
  EXPECT_TRUE(last_step());
  EXPECT_TRUE(tail_->at_end());
  std::ifstream kept(rejects);
  std::string line, second;
  std::getline(kept, line);
  EXPECT_THAT(line, HasSubstr(R"("text":"no event")"));
  EXPECT_FALSE(std::getline(kept, second));
}

TEST_F(TailTest, refused_lines_fill_a_batch_like_others) {
  start((folder_ / "rejects").string());
  std::ofstream lines(path_);
  const std::string refused(200'000, '"');
  for (int i = 0; i < 200; ++i) lines << refused << "\n";
  lines.close();
  EXPECT_TRUE(step());
  EXPECT_FALSE(tail_->at_end());
  read_all();
  EXPECT_EQ(shipper_->counts().rejected, 200);
}

// Between rename and creation the name means nothing, and was taken as it was spelled: another spool,
// and a producer that never sealed.
TEST_F(TailTest, R14_a_tail_is_one_tail_under_every_spelling_also_while_its_file_is_away) {
  fs::create_directories(folder_ / "real");
  fs::create_directory_symlink(folder_ / "real", folder_ / "link");
  fs::create_symlink("real/present.log", folder_ / "by name");
  const std::string real = (fs::canonical(folder_) / "real" / "access.log").string();
  const auto check = [&] {
    EXPECT_EQ(*canonical_path((folder_ / "real" / "access.log").string()), real);
    EXPECT_EQ(*canonical_path((folder_ / "link" / "access.log").string()), real);
    EXPECT_EQ(*canonical_path((folder_ / "link" / ".." / "real" / "." / "access.log").string()),
              real);
    EXPECT_EQ(*canonical_path((folder_ / "by name").string()),
              (fs::canonical(folder_) / "real" / "present.log").string());
  };
  check();
  std::ofstream(real).close();
  std::ofstream(folder_ / "real" / "present.log").close();
  check();
  EXPECT_EQ(canonical_path((folder_ / "no folder" / "access.log").string()).error().code,
            ErrorCode::not_found);
  fs::create_symlink("round", folder_ / "round");
  EXPECT_FALSE(canonical_path((folder_ / "round").string()));
}

// After a restart neither /readyz nor the metrics nor the log said why a period was held.
TEST_F(TailTest, R15_a_tail_that_seals_nothing_says_why_and_what_to_do) {
  const TailState state(folder_.string(), path_);
  Metrics metrics;
  TailHealth health(state, metrics);
  EXPECT_TRUE(health.whole());
  EXPECT_TRUE(health.why_not().empty());
  ASSERT_TRUE(state.mark_lost("a.log was cut"));
  EXPECT_FALSE(health.whole());
  EXPECT_EQ(metrics.gauge("weir_ingest_tail_whole", "").value(), 0);
  EXPECT_THAT(health.why_not(), testing::ElementsAre(testing::AllOf(HasSubstr("a.log was cut"),
                                                                    HasSubstr(state.lost_path()))));
  health.after_step(Error{ErrorCode::full, "no room for refused lines", ""});
  EXPECT_EQ(health.why_not().size(), 2U);
  health.after_step({});
  fs::remove(state.lost_path());
  EXPECT_TRUE(health.why_not().empty());
  EXPECT_TRUE(health.whole());
  EXPECT_EQ(metrics.gauge("weir_ingest_tail_whole", "").value(), 1);
}

}  // namespace
}  // namespace weir
