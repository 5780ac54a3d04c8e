// R5: the index is whole before it is used, and a file counts only when a committed row names it.
#include "ingest/identity/index_fixture.h"

namespace weir {
namespace {

constexpr std::int64_t kStart = 1000 * kHour;

class R5 : public IndexTest {
 protected:
  /// Three sealed files: ids 0..2, 10..12, 20..22.
  void seal_three() {
    for (std::uint64_t file = 0; file < 3; ++file) {
      for (std::uint64_t i = 0; i < 3; ++i) {
        consumer_.see(kStart + static_cast<std::int64_t>(file) * kMinute, {file * 10 + i});
      }
      ASSERT_TRUE(consumer_.commit_and_seal());
    }
  }
  std::string path_of(std::size_t row) const {
    return folder_.path() + "/" + consumer_.rows[row].file_name();
  }
  void damage(std::size_t row) const {
    std::string bytes = slurp(path_of(row));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    spill(path_of(row), bytes);
  }
  void expect_all_known() {
    for (std::uint64_t file = 0; file < 3; ++file) {
      EXPECT_EQ(consumer_.see(kStart + kHour / 2, {file * 10}), Verdict::duplicate) << file;
    }
  }
};

TEST_F(R5, what_the_open_generation_knew_is_rebuilt_from_the_stream) {
  consumer_.see(kStart, {1});
  consumer_.see(kStart, {2});
  consumer_.commit();
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.see(kStart + 1, {1}), Verdict::duplicate);
  EXPECT_EQ(consumer_.see(kStart + 1, {2}), Verdict::duplicate);
}

TEST_F(R5, failed_compare_and_set_reloads_and_knows_what_the_other_applied) {
  // A commits 0 and 1; B's compare-and-set fails, B reloads next = 2 and goes on; B never saw 0 and
  // 1: the retry of 0 at 2 must not count twice.
  TestConsumer a(folder_.path());
  a.start();
  a.see(kStart, {100});
  a.see(kStart, {101});
  a.commit();

  TestConsumer b(folder_.path());
  b.stream = a.stream;
  b.start();
  b.next = a.next;  // reload
  b.start();
  EXPECT_EQ(b.see(kStart + 1, {100}), Verdict::duplicate);
}

TEST_F(R5, generation_holds_only_addresses_below_the_committed_next) {
  consumer_.see(kStart, {1});
  consumer_.commit();
  consumer_.see(kStart + kMinute, {2});  // read, not committed
  auto sealed = consumer_.seal();
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->from_offset, 0);
  EXPECT_EQ(sealed->to_offset, 1);
  EXPECT_EQ(sealed->identities, 1);
  EXPECT_EQ(sealed->append_max, AppendTime(kStart)) << "of the records in the range only";
  consumer_.name(*sealed);
  EXPECT_EQ(consumer_.see(kStart + kMinute, {2}), Verdict::duplicate);
  consumer_.commit();
  auto following = consumer_.seal();
  ASSERT_TRUE(following);
  EXPECT_EQ(following->from_offset, 1);
  EXPECT_EQ(following->append_min, AppendTime(kStart + kMinute));
}

TEST_F(R5, file_that_no_row_names_does_not_count_and_is_removed) {
  consumer_.see(kStart, {1});
  consumer_.commit();
  ASSERT_TRUE(consumer_.seal());  // written, and the process dies before the commit that names it
  ASSERT_EQ(folder_.names().size(), 1u);
  consumer_.crash_and_start();
  EXPECT_TRUE(folder_.names().empty());
  EXPECT_EQ(consumer_.see(kStart + 1, {1}), Verdict::duplicate) << "rebuilt from the stream";
}

TEST_F(R5, torn_temporary_file_is_removed_and_other_partitions_files_stay) {
  spill(folder_.path() + "/1-0-0-10-0123456789abcdef.tmp", "torn");
  spill(folder_.path() + "/1-3-0-10-0123456789abcdef.tmp", "of partition 3");
  spill(folder_.path() + "/1-30-0-10-abc.ids", "of partition 30");
  spill(folder_.path() + "/2-0-0-10-abc.ids", "of this partition, another incarnation");
  spill(folder_.path() + "/volume-id", "not ours");
  consumer_.crash_and_start();
  EXPECT_EQ(folder_.names(), (std::vector<std::string>{"1-3-0-10-0123456789abcdef.tmp",
                                                       "1-30-0-10-abc.ids", "volume-id"}));
}

TEST_F(R5, named_files_carry_the_index_over_a_restart_without_the_stream) {
  seal_three();
  consumer_.log_start = 9;  // nothing could be read again
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  EXPECT_EQ(consumer_.index->covered().to, 9);
  expect_all_known();
}

TEST_F(R5, same_range_sealed_again_never_writes_a_name_that_exists) {
  consumer_.see(kStart, {1});
  consumer_.commit();
  auto first = consumer_.seal();
  ASSERT_TRUE(first);
  consumer_.rows.push_back(*first);  // the commit is in, and the process dies
  std::string bytes = slurp(path_of(0));
  std::vector<Generation> rows = std::exchange(consumer_.rows, {});

  TestConsumer other(folder_.path());  // a second process on the volume, which knows no row yet
  other.stream = consumer_.stream;
  other.partition = 0;
  other.rows = rows;
  other.rows.front().volume_id = "volume-b";  // does not count, so the range is sealed again
  other.next = 1;
  other.start();
  auto second = other.seal();
  ASSERT_TRUE(second);
  EXPECT_NE(first->file_name(), second->file_name());
  EXPECT_EQ(slurp(folder_.path() + "/" + first->file_name()), bytes) << "untouched";
}

TEST_F(R5, file_of_another_volume_does_not_count_and_its_row_stays) {
  seal_three();
  for (Generation& row : consumer_.rows) row.volume_id = "volume-b";
  consumer_.crash_and_start();
  EXPECT_TRUE(consumer_.index->expirable().empty());
  expect_all_known();  // from the stream
}

TEST_F(R5, row_that_another_volume_left_expires_beyond_the_horizon) {
  seal_three();
  for (Generation& row : consumer_.rows) row.volume_id = "volume-b";
  consumer_.crash_and_start();
  consumer_.see(kStart + 30 * kHour, {99});
  EXPECT_EQ(consumer_.expire().size(), 3u);
  EXPECT_TRUE(consumer_.rows.empty());
}

TEST_F(R5, damaged_file_in_the_middle_is_filled_from_the_stream) {
  seal_three();
  damage(1);
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  EXPECT_EQ(consumer_.index->covered().to, 9);
  EXPECT_EQ(consumer_.read_again, 6) << "from the hole on, and no more";
  expect_all_known();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(0)) << "nothing of the horizon was lost";
}

TEST_F(R5, damaged_files_row_is_expired_and_its_range_named_anew) {
  seal_three();
  damage(1);
  std::string bad = consumer_.rows[1].file_name();
  consumer_.crash_and_start();
  ASSERT_TRUE(consumer_.commit_and_seal());
  consumer_.expire();
  for (const Generation& row : consumer_.rows) EXPECT_NE(row.file_name(), bad);
  consumer_.log_start = 9;
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  EXPECT_EQ(consumer_.index->covered().to, 9);
  expect_all_known();
}

TEST_F(R5, missing_file_whose_range_the_stream_lost_shortens_the_horizon) {
  seal_three();
  std::filesystem::remove(path_of(1));
  consumer_.log_start = 8;
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 6) << "the contiguous part that ends at next";
  EXPECT_EQ(consumer_.index->covered().to, 9);
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + kMinute + 1));
  EXPECT_EQ(consumer_.see(kStart + kHour, {10, kStart + kMinute}), Verdict::unprovable)
      << "it was in the lost file";
  EXPECT_EQ(consumer_.see(kStart + kHour, {0, kStart}), Verdict::duplicate)
      << "what lies below the hole is still asked";
}

TEST_F(R5, lost_lowest_file_is_read_again_when_the_stream_has_it) {
  seal_three();
  damage(0);
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(0));
  expect_all_known();
  ASSERT_TRUE(consumer_.commit_and_seal());
  consumer_.expire();
  consumer_.log_start = consumer_.next;
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 0);
  expect_all_known();
}

TEST_F(R5, lost_lowest_file_that_the_stream_has_in_part_is_read_again_in_part) {
  seal_three();
  damage(0);
  consumer_.log_start = 2;
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 2);
  EXPECT_EQ(consumer_.see(kStart + 5 * kMinute, {0, kStart}), Verdict::unprovable);
  EXPECT_EQ(consumer_.see(kStart + 5 * kMinute, {2, kStart}), Verdict::duplicate);
}

TEST_F(R5, another_host_rebuilds_no_more_than_the_horizon) {
  seal_three();
  consumer_.see(kStart + 30 * kHour, {99});
  ASSERT_TRUE(consumer_.commit_and_seal());
  for (Generation& row : consumer_.rows) row.volume_id = "volume-b";
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->rebuild_from(), 9);
  EXPECT_EQ(consumer_.index->covered().from, 9);
}

TEST_F(R5, without_a_word_of_the_stream_the_run_that_ends_highest_counts) {
  seal_three();
  damage(1);
  consumer_.says_log_start = false;
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 6);
  EXPECT_EQ(consumer_.index->covered().to, 9);
}

TEST_F(R5, rebuild_that_meets_a_loss_begins_the_coverage_anew) {
  seal_three();
  damage(2);
  consumer_.log_start = 8;  // 6 and 7 are gone from file and stream
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->covered().from, 8);
  EXPECT_EQ(consumer_.index->covered().to, 9);
  EXPECT_EQ(consumer_.see(kStart + 3 * kMinute, {20, kStart + 2 * kMinute}), Verdict::unprovable);
  EXPECT_EQ(consumer_.see(kStart + 3 * kMinute, {22, kStart + 2 * kMinute}), Verdict::duplicate);
}

TEST_F(R5, seal_gives_the_same_file_until_a_commit_names_it) {
  consumer_.see(kStart, {1});
  consumer_.commit();
  auto first = consumer_.seal();
  auto second = consumer_.seal();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->file_name(), second->file_name());
  EXPECT_EQ(folder_.names().size(), 1u);
}

TEST_F(R5, naming_what_was_not_sealed_is_refused) {
  Generation stranger;
  EXPECT_FALSE(consumer_.index->named(stranger));
}

TEST_F(R5, offsets_without_rows_are_covered_and_need_not_be_read_again) {
  consumer_.see(kStart, {1});
  consumer_.index->advance_to(50, AppendTime(kStart + 1));
  auto sealed = consumer_.index->seal(50, true);
  ASSERT_TRUE(sealed.ok() && *sealed);
  EXPECT_EQ((*sealed)->to_offset, 50);
  EXPECT_EQ((*sealed)->append_max, AppendTime(kStart + 1));
}

TEST_F(R5, sealed_name_bears_incarnation_partition_range_and_digest) {
  Generation generation{1, 3, 1000, 2000, {}, {}, 7, "abc", "v"};
  EXPECT_EQ(generation.file_name(), "1-3-1000-2000-abc.ids");
}

}  // namespace
}  // namespace weir
