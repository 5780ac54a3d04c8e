// Merging: fewer files that say the same, safe at every point of a crash.
#include "ingest/identity/index_fixture.h"

namespace weir {
namespace {

constexpr std::int64_t kStart = 1000 * kHour;

class Merge : public IndexTest {
 protected:
  /// Four files of a quarter of an hour, each of three identities.
  void seal_four() {
    for (std::uint64_t file = 0; file < 4; ++file) {
      for (std::uint64_t i = 0; i < 3; ++i) {
        consumer_.see(kStart + static_cast<std::int64_t>(file) * 15 * kMinute, {file * 10 + i});
      }
      ASSERT_TRUE(consumer_.commit_and_seal());
    }
  }
  void expect_all_known() {
    for (std::uint64_t file = 0; file < 4; ++file) {
      for (std::uint64_t i = 0; i < 3; ++i) {
        EXPECT_EQ(consumer_.see(kStart + kHour, {file * 10 + i, kStart}), Verdict::duplicate);
      }
    }
    EXPECT_EQ(consumer_.see(kStart + kHour, {99, kStart}), Verdict::fresh);
  }
};

TEST_F(Merge, four_files_become_one_that_says_the_same) {
  seal_four();
  auto merged = consumer_.commit_and_seal(false);
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->from_offset, 0);
  EXPECT_EQ(merged->to_offset, 12);
  EXPECT_EQ(merged->identities, 12);
  EXPECT_EQ(merged->append_min, AppendTime(kStart));
  EXPECT_EQ(merged->append_max, AppendTime(kStart + 45 * kMinute));
  EXPECT_EQ(consumer_.expire().size(), 4u);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{merged->file_name()});
  expect_all_known();
  EXPECT_FALSE(consumer_.seal(false)) << "an hour is enough";
}

TEST_F(Merge, inputs_stay_until_a_row_names_the_merged_file) {
  seal_four();
  consumer_.commit();
  ASSERT_TRUE(consumer_.seal(false));
  EXPECT_TRUE(consumer_.index->expirable().empty());
  consumer_.crash_and_start();  // the merged file was named by nothing
  EXPECT_EQ(folder_.names().size(), 4u);
  expect_all_known();
}

TEST_F(Merge, crash_between_naming_and_expiry_leaves_both_and_then_drops_the_inputs) {
  seal_four();
  ASSERT_TRUE(consumer_.commit_and_seal(false));
  consumer_.log_start = consumer_.next;
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  EXPECT_EQ(consumer_.index->covered().to, 12);
  EXPECT_EQ(consumer_.expire().size(), 4u);
  EXPECT_EQ(folder_.names().size(), 1u);
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  expect_all_known();
}

TEST_F(Merge, merged_file_remembers_what_came_before_it) {
  consumer_.see(kStart - 30 * kHour, {500});
  consumer_.commit_and_seal();
  seal_four();
  ASSERT_TRUE(consumer_.commit_and_seal(false));
  consumer_.expire();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart - 30 * kHour + 1));
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart - 30 * kHour + 1));
}

TEST_F(Merge, append_times_that_went_back_are_inside_the_merged_span) {
  for (std::int64_t file = 0; file < 4; ++file) {
    consumer_.see(kStart - file * kMinute, {static_cast<std::uint64_t>(file)});
    ASSERT_TRUE(consumer_.commit_and_seal());
  }
  auto merged = consumer_.commit_and_seal(false);
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->append_min, AppendTime(kStart - 3 * kMinute));
  EXPECT_EQ(merged->append_max, AppendTime(kStart));
}

TEST_F(Merge, smallest_address_of_an_identity_survives) {
  // Re-stamped beyond the window, 1 is entered twice; the merged file keeps where it came first.
  consumer_.options.restamp_window = Micros(kMinute);
  consumer_.start();
  consumer_.append(kStart, {{1}, {2}});
  consumer_.ask_next();
  consumer_.commit_and_seal();
  for (std::int64_t i = 1; i < 4; ++i) {
    std::int64_t time = kStart + i * 15 * kMinute;
    EXPECT_EQ(consumer_.see(time, {1}), Verdict::fresh);
    consumer_.see(time, {10 + static_cast<std::uint64_t>(i)});
    ASSERT_TRUE(consumer_.commit_and_seal());
  }
  auto merged = consumer_.commit_and_seal(false);
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->identities, 5);
  consumer_.expire();
  EXPECT_EQ(consumer_.ask(1).front(), Verdict::duplicate) << "0 is smaller than 1";
}

TEST_F(Merge, files_that_span_more_than_an_hour_stay_apart) {
  for (std::uint64_t file = 0; file < 6; ++file) {
    consumer_.see(kStart + static_cast<std::int64_t>(file) * kHour, {file});
    consumer_.commit_and_seal();
  }
  EXPECT_FALSE(consumer_.seal(false));
}

}  // namespace
}  // namespace weir
