// The consumer loop when the log is not what it was (R1), has lost records, or the index is to be
// made anew (R5).
#include "ingest/stream/lineage.h"

#include "ingest/stream/loop_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr PartitionId kZero{0};
/// Behind the append time of the first record that the index holds: twice the skew.
constexpr Micros kPastDoubt = std::chrono::minutes(11);

class LineageTest : public LoopTest {
 protected:
  /// A consumer applies `count` events of each partition and goes away.
  void apply_and_leave(int count, const std::string& folder = "a") {
    auto c = consumer(folder);
    for (int i = 0; i < count; ++i) {
      put(0, "e" + std::to_string(i));
      put(1, "f" + std::to_string(i));
      settle(*c, 3);
      clock.advance(std::chrono::minutes(1));
    }
    settle(*c);
    ASSERT_EQ(next(0).value, count);
  }
};

TEST_F(LineageTest, R1_a_truncated_log_is_a_break_that_stops_its_partition_only) {
  apply_and_leave(4);
  stream.truncate(kZero, Offset{2});
  put(1, "other");
  auto c = consumer();
  settle(*c);
  EXPECT_THAT(ledger.breaks[kZero], HasSubstr("ends at 2, applied is up to 4"));
  EXPECT_EQ(times_applied("other"), 1);
  EXPECT_THAT(c->loop->not_ready(), SizeIs(1));
  for (int i = 0; i < 4; ++i) put(0, "new" + std::to_string(i));
  settle(*c);
  EXPECT_EQ(times_applied("new3"), 0);
  EXPECT_EQ(next(0).value, 4);
}

TEST_F(LineageTest, R1_a_log_made_anew_is_a_break_though_it_is_long_enough) {
  apply_and_leave(4);
  stream.recreate();
  for (int i = 0; i < 9; ++i) put(0, "new" + std::to_string(i));
  auto c = consumer();
  settle(*c);
  EXPECT_THAT(ledger.breaks[kZero], HasSubstr("anchor at offset 3"));
  EXPECT_EQ(times_applied("new8"), 0);
  EXPECT_EQ(next(0).value, 4);
}

TEST_F(LineageTest, R1_truncation_under_a_running_consumer_is_found) {
  apply_and_leave(4);
  auto c = consumer();
  settle(*c);
  stream.truncate(kZero, Offset{1});
  settle(*c);
  EXPECT_EQ(ledger.breaks.count(kZero), 1u);
  EXPECT_EQ(ledger.breaks.size(), 1u);
}

TEST_F(LineageTest, R1_an_anchor_that_retention_took_does_not_stop_reading) {
  apply_and_leave(4);
  put(0, "later");
  stream.retain_from(kZero, Offset{4});
  auto c = consumer();
  settle(*c);
  EXPECT_THAT(ledger.breaks, IsEmpty());
  EXPECT_THAT(ledger.gaps, IsEmpty());
  EXPECT_THAT(ledger.unprovable, SizeIs(1));  // R6: what was applied before is not to be known
  EXPECT_THAT(ledger.unprovable_sources, ElementsAre("gw-1"));
  clock.advance(kPastDoubt);
  put(0, "much later");
  settle(*c);
  EXPECT_EQ(times_applied("much later"), 1);
}

TEST_F(LineageTest, lost_records_are_a_gap_and_never_jumped_over_silently) {
  apply_and_leave(2);
  for (int i = 0; i < 5; ++i) put(0, "g" + std::to_string(i));
  stream.retain_from(kZero, Offset{5});
  auto c = consumer();
  settle(*c);
  ASSERT_THAT(ledger.gaps, SizeIs(1));
  EXPECT_EQ(ledger.gaps[0].partition, kZero);
  EXPECT_EQ(ledger.gaps[0].from.value, 2);
  EXPECT_EQ(ledger.gaps[0].to.value, 5);
  EXPECT_EQ(next(0).value, 7);
  put(0, "e0");  // applied before the gap; R6: the index cannot tell, so it is not applied
  settle(*c);
  EXPECT_EQ(times_applied("e0"), 1);
  EXPECT_THAT(ledger.unprovable, SizeIs(3));  // g3, g4 and e0: kept apart, none lost
  clock.advance(kPastDoubt);
  put(0, "much later");
  settle(*c);
  EXPECT_EQ(times_applied("much later"), 1);
}

TEST_F(LineageTest, records_lost_under_a_running_consumer_are_a_gap) {
  auto c = consumer();
  settle(*c);
  c->handler->failing_commits = 1;
  put(0, "a");
  read_without_commit(*c, 3);
  clock.advance(options.commit_interval);
  read_without_commit(*c, 1);  // fails: reading is paused
  for (int i = 0; i < 4; ++i) put(0, "g" + std::to_string(i));
  stream.retain_from(kZero, Offset{3});
  settle(*c, 200);
  ASSERT_THAT(ledger.gaps, SizeIs(1));
  EXPECT_EQ(ledger.gaps[0].from.value, 1);
  EXPECT_EQ(ledger.gaps[0].to.value, 3);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_THAT(ledger.unprovable, SizeIs(2));  // g2 and g3
  EXPECT_EQ(next(0).value, 5);
}

TEST_F(LineageTest, R5_after_a_restart_without_files_the_index_is_read_from_the_stream) {
  apply_and_leave(5, "a");
  put(0, "e0");
  put(0, "fresh");
  auto c = consumer("another volume");
  settle(*c, 100);
  EXPECT_EQ(times_applied("e0"), 1);
  EXPECT_EQ(times_applied("fresh"), 1);
  EXPECT_EQ(ledger.progress[kZero].counts.duplicate, 1);
}

TEST_F(LineageTest, R5_nothing_is_committed_before_the_index_is_whole) {
  apply_and_leave(5, "a");
  const int commits = ledger.commits;
  put(0, "e0");
  auto c = consumer("another volume");
  while (!c->loop->not_ready().empty()) {
    ASSERT_TRUE(c->loop->step(Micros{0}));
    clock.advance(std::chrono::seconds(1));
    const bool partition_zero_waits =
        testing::Value(c->loop->not_ready(), testing::Contains(HasSubstr("partition 0")));
    if (partition_zero_waits) {
      ASSERT_EQ(next(0).value, 5);
    }
  }
  EXPECT_GE(ledger.commits, commits);
  settle(*c);
  EXPECT_EQ(times_applied("e0"), 1);
}

TEST_F(LineageTest, R5_sealed_generations_are_named_and_serve_the_next_start) {
  options.identity.open_age_max = std::chrono::minutes(2);
  apply_and_leave(12, "a");
  EXPECT_FALSE(ledger.progress[kZero].generations.empty());
  const std::int64_t delivered = stream.seen().delivered;
  put(0, "e0");
  put(0, "e11");
  auto c = consumer("a");
  settle(*c);
  EXPECT_EQ(times_applied("e0"), 1);
  EXPECT_EQ(times_applied("e11"), 1);
  EXPECT_EQ(ledger.progress[kZero].counts.duplicate, 2);
  EXPECT_LT(stream.seen().delivered - delivered, 12);  // the rest came from files
}

TEST_F(LineageTest, R5_a_damaged_file_is_let_go_and_its_range_is_read_again) {
  options.identity.open_age_max = std::chrono::minutes(2);
  apply_and_leave(12, "a");
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ + "/a")) {
    if (file.is_regular_file() && file.path().extension() == ".ids") {
      std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
      break;
    }
  }
  for (const char* id : {"e0", "e5", "e11", "f0", "f5", "f11"}) put(id[0] == 'e' ? 0 : 1, id);
  auto c = consumer("a");
  settle(*c, 200);
  EXPECT_EQ(next(0).value, 15);
  EXPECT_EQ(next(1).value, 15);
  for (const char* id : {"e0", "e5", "e11", "f0", "f5", "f11"}) EXPECT_EQ(times_applied(id), 1);
}

TEST_F(LineageTest, R4_a_rebuild_goes_by_the_recorded_verdict) {
  // "x" was quarantined as misrouted at offset 0; then the same identity came home in partition 0.
  options.check_partitioner = true;
  stream.put(kZero, "",
             "[" + event("kept", subscription_of(0)) + "," + event("x", subscription_of(1)) + "]");
  {
    auto c = consumer("a");
    settle(*c);
    ASSERT_THAT(ledger.quarantined, SizeIs(1));
  }
  stream.put(kZero, "", event("x", subscription_of(0)));
  stream.put(kZero, "", event("kept", subscription_of(0)));
  auto c = consumer("another volume");
  settle(*c, 100);
  EXPECT_EQ(times_applied("x"), 1);
  EXPECT_EQ(times_applied("kept"), 1);
}

}  // namespace
}  // namespace weir
