// Redriven events (R7) on a real PostgreSQL: each child is decided once, and its parent with the last.
#include "tests/contract/quota/ingest_fixture.h"

#include <future>

namespace weir {
namespace {

class RedriveTest : public IngestTest {
 protected:
  /// A quarantined record of partition 0 at offset 0, split into children 1, 2, … for these partitions.
  void split_into(const std::vector<int>& partitions) {
    CommitBatch batch = batch_of(0, 1, {});
    Quarantined bad;
    bad.whole = true;
    bad.reason = "malformed";
    bad.raw = "{oops";
    batch.quarantined = {bad};
    ASSERT_EQ(*commit(batch), Committed::done);
    for (const int partition : partitions) {
      database_.tell(
          "INSERT INTO quota.redrive (quarantine_id, partition, event, made_at_us) "
          "SELECT id, " +
          std::to_string(partition) + ", 'event', 1 FROM quota.quarantine WHERE record_offset = 0");
    }
  }
  /// The batch of one redriven event in `partition` at `offset`.
  static CommitBatch redriven(std::int64_t child, int partition, std::int64_t offset, Event event) {
    CommitBatch batch = batch_of(offset, offset + 1, {std::move(event)});
    batch.ranges[0].partition = PartitionId{partition};
    batch.redriven = {{child, PartitionId{partition}, Offset{offset}, AppendTime{1}, 0u}};
    return batch;
  }
  static Event copy_of(const std::string& id) { return {.id = id, .verdict = Verdict::duplicate}; }
  /// One event a record from offset 1 on, the first `redriven` of them of child 1.
  static CommitBatch with_copies(std::size_t redriven, const std::vector<Event>& events) {
    const auto size = static_cast<std::int64_t>(events.size());
    CommitBatch batch = batch_of(1, 1 + size, events);
    for (std::uint32_t i = 0; i < events.size(); ++i) {
      batch.address[i].offset = Offset{1 + i};
      if (i >= redriven) continue;
      batch.redriven.push_back({1, PartitionId{0}, Offset{1 + i}, AppendTime{1}, i});
    }
    return batch;
  }
  /// received applied duplicate quarantined unprovable
  std::string counts() const {
    return database_.ask(
        "SELECT concat_ws(' ', received, applied, duplicate, quarantined, unprovable) "
        "FROM quota.progress WHERE partition = 0");
  }
  std::string states() const {
    return database_.ask("SELECT string_agg(state, ' ' ORDER BY id) FROM quota.redrive");
  }
  std::string open_blockers() const {
    return database_.ask("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'quarantine'");
  }
};

// An array with events for two partitions: the first one redriven must not resolve the row, and the
// second must not be dropped as already done.
TEST_F(RedriveTest, R7_a_parent_is_resolved_with_the_last_of_its_children) {
  split_into({0, 1});
  ASSERT_EQ(*commit(redriven(1, 0, 1, {.id = "a"})), Committed::done);
  EXPECT_EQ(states(), "redriven open");
  EXPECT_EQ(open_blockers(), "1");
  ASSERT_EQ(*commit(redriven(2, 1, 0, {.id = "b"})), Committed::done);
  EXPECT_EQ(states(), "redriven redriven");
  EXPECT_EQ(open_blockers(), "0");
  EXPECT_EQ(usage_of("sub-1", "requests"), "2");
  EXPECT_EQ(database_.ask("SELECT resolution FROM quota.quarantine"), "redriven");
  EXPECT_EQ(database_.ask("SELECT at_incarnation || ' ' || at_partition || ' ' || at_offset "
                          "FROM quota.redrive WHERE id = 1"),
            "1 0 1");
}

TEST_F(RedriveTest, R7_a_redriven_event_that_turns_out_a_duplicate_resolves_its_row) {
  split_into({0});
  ASSERT_EQ(*commit(redriven(1, 0, 1, {.id = "a", .verdict = Verdict::duplicate})),
            Committed::done);
  EXPECT_EQ(states(), "duplicate");
  EXPECT_EQ(open_blockers(), "0");
  EXPECT_EQ(usage_of("sub-1", "requests"), "0");
}

TEST_F(RedriveTest, R7_an_unprovable_redriven_event_resolves_its_row_and_stands_apart) {
  split_into({0});
  ASSERT_EQ(*commit(redriven(1, 0, 1, {.id = "a", .verdict = Verdict::unprovable})),
            Committed::done);
  EXPECT_EQ(states(), "unprovable");
  EXPECT_EQ(open_blockers(), "0");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.unprovable"), "1");
}

// The index is the first to tell two copies apart; where it cannot, the child does.
TEST_F(RedriveTest, R7_a_redrive_is_applied_once_through_two_copies) {
  split_into({0});
  ASSERT_EQ(*commit(redriven(1, 0, 1, {.id = "a"})), Committed::done);
  ASSERT_EQ(*commit(redriven(1, 0, 2, {.id = "a"})), Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
  EXPECT_EQ(database_.ask("SELECT reason || ' ' || resolution || ' ' || row FROM quota.quarantine "
                          "WHERE record_offset = 2"),
            "redrive_decided dropped 0");
  EXPECT_EQ(open_blockers(), "0");
  EXPECT_EQ(database_.ask("SELECT received || ' ' || applied || ' ' || quarantined "
                          "FROM quota.progress WHERE partition = 0"),
            "2 1 1");
  // A rebuild of the index goes by that verdict.
  const PartitionId zero[] = {PartitionId{0}};
  EXPECT_EQ(handler_.load(zero, 2, soon())->front().quarantined.back().offset, Offset{2});
}

TEST_F(RedriveTest, R7_of_two_copies_in_one_batch_one_counts) {
  split_into({0});
  CommitBatch batch = batch_of(1, 3, {{.id = "a"}, {.id = "a2"}, {.id = "other"}});
  batch.address[1].offset = Offset{2};
  batch.redriven = {{1, PartitionId{0}, Offset{1}, AppendTime{1}, 0u},
                    {1, PartitionId{0}, Offset{2}, AppendTime{1}, 1u}};
  ASSERT_EQ(*commit(batch), Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "2");
  EXPECT_EQ(states(), "redriven");
}

// The row was discarded while its mended event was on its way; behind that one comes the client's own
// retry, which the index calls its duplicate. Dropped both, the event would never be counted: the index
// that is read anew enters the retry, and every later copy is a duplicate of it.
TEST_F(RedriveTest, R7_a_dropped_redrive_takes_no_genuine_event_with_it) {
  split_into({0});
  database_.tell("UPDATE quota.redrive SET state = 'discarded'");
  ASSERT_EQ(*commit(with_copies(1, {{.id = "x"}, copy_of("x"), copy_of("x")})),
            Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
  EXPECT_EQ(counts(), "3 1 1 1 0");
  EXPECT_EQ(states(), "discarded");
}

TEST_F(RedriveTest, R7_all_copies_of_a_decided_redrive_are_dropped_however_many) {
  split_into({0});
  database_.tell("UPDATE quota.redrive SET state = 'discarded'");
  const std::vector<Event> events = {{.id = "x"},  copy_of("x"), copy_of("x"), copy_of("x"),
                                     copy_of("x"), copy_of("x"), copy_of("x")};
  ASSERT_EQ(*commit(with_copies(6, events)), Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
  EXPECT_EQ(counts(), "7 1 0 6 0");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.quarantine WHERE reason = 'redrive_decided'"),
            "6");
}

// Of several rows that bear one identity and were all discarded, each drops alone.
TEST_F(RedriveTest, R7_more_decided_redrives_of_one_event_than_a_catalogue_has_tries) {
  split_into({0, 0, 0, 0, 0, 0});
  database_.tell("UPDATE quota.redrive SET state = 'discarded'");
  CommitBatch batch = with_copies(6, {{.id = "x"},
                                      copy_of("x"),
                                      copy_of("x"),
                                      copy_of("x"),
                                      copy_of("x"),
                                      copy_of("x"),
                                      copy_of("x")});
  for (std::size_t i = 0; i < 6; ++i) batch.redriven[i].child = static_cast<std::int64_t>(i) + 1;
  ASSERT_EQ(*commit(batch), Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
}

// The index asked no further back than the dropped event's time asks.
TEST_F(RedriveTest, R6_a_copy_that_is_older_than_the_dropped_event_is_kept_apart) {
  split_into({0});
  database_.tell("UPDATE quota.redrive SET state = 'discarded'");
  Event older = copy_of("x");
  older.time_us = 1'000'000;
  ASSERT_EQ(*commit(with_copies(1, {{.time_us = 2'000'000, .id = "x"}, older})),
            Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "0");
  EXPECT_EQ(counts(), "2 0 0 1 1");
}

TEST_F(RedriveTest, R7_an_event_that_is_quarantined_again_resolves_its_row_and_blocks_by_its_own) {
  split_into({0});
  CommitBatch batch = batch_of(1, 2, {});
  Quarantined again;
  again.offset = Offset{1};
  again.reason = "misrouted";
  batch.quarantined = {again};
  batch.redriven = {{1, PartitionId{0}, Offset{1}, AppendTime{1}, std::nullopt}};
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(states(), "quarantined");
  EXPECT_EQ(open_blockers(), "1");
  EXPECT_EQ(
      database_.ask("SELECT record_offset FROM quota.quarantine WHERE resolved_at_us IS NULL"),
      "1");
  // Its copy has nothing left to say.
  batch.ranges[0].from = Offset{2};
  batch.ranges[0].to = Offset{3};
  batch.quarantined[0].offset = Offset{2};
  batch.redriven[0].offset = Offset{2};
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(open_blockers(), "1");
}

TEST_F(RedriveTest, R7_an_event_that_names_no_child_of_ours_does_not_count_and_blocks) {
  ASSERT_EQ(*commit(redriven(99, 0, 0, {.id = "a"})), Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "0");
  EXPECT_EQ(open_blockers(), "1");
  EXPECT_EQ(database_.ask("SELECT reason FROM quota.quarantine"), "redrive_unknown");
}

TEST_F(RedriveTest, R7_a_dropped_event_whose_commit_lost_its_reply_still_reloads) {
  split_into({0});
  ASSERT_EQ(*commit(redriven(1, 0, 1, {.id = "a"})), Committed::done);
  stages_.reply = Stages::Reply::lost_after_commit;
  EXPECT_EQ(*commit(redriven(1, 0, 2, {.id = "a"})), Committed::done_reload);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
}

// Two consumers decide the last two children at the same moment: neither sees the other's, and the
// parent would block for ever.
TEST_F(RedriveTest, R7_two_consumers_that_decide_the_last_two_children_resolve_the_parent) {
  split_into({0, 1});
  Stages other_stages;
  StagedStore other_store(real_, other_stages);
  QuotaHandler other(other_store, deployment_, metrics_);
  std::future<Result<Committed>> rival;
  stages_.before_commit = [&] {
    rival = std::async(std::launch::async,
                       [&] { return other.commit(redriven(2, 1, 0, {.id = "b"}), soon()); });
    EXPECT_TRUE(database_.eventually(
        "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"));
  };
  ASSERT_EQ(*commit(redriven(1, 0, 1, {.id = "a"})), Committed::done);
  ASSERT_EQ(*rival.get(), Committed::done);
  EXPECT_EQ(states(), "redriven redriven");
  EXPECT_EQ(open_blockers(), "0");
  EXPECT_EQ(usage_of("sub-1", "requests"), "2");
}

}  // namespace
}  // namespace weir
