// Two-session histories: what an almost-right ingest would get wrong.
#include "tests/contract/quota/ingest_fixture.h"

#include <future>

namespace weir {
namespace {

constexpr std::int64_t kBucket = QuotaDatabase::kBucketUs;

/// The first two steps of a close (R11), left open.
struct Close {
  explicit Close(const QuotaDatabase& database)
      : session(database.connect()), pid(session.backend_pid()) {}
  bool advance(std::int64_t until_us) {
    EXPECT_TRUE(session.begin(soon()).ok());
    Result<Rows> moved = session.run("SELECT * FROM quota.v1_advance_closed_until($1)",
                                     Params().integer(until_us), soon());
    return moved.ok() && moved->size() == 1;
  }
  /// `next` of partition 0 in the cut.
  std::int64_t fence() {
    Result<Rows> cut = session.run("SELECT next FROM quota.v1_fence_progress()", soon());
    return cut.ok() ? cut->integer(0, 0) : -1;
  }
  void commit() { EXPECT_TRUE(session.commit(soon()).ok()); }

  Connection session;
  int pid;
};

std::string waits_for_a_lock(int pid) {
  return "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND pid = " + std::to_string(pid);
}

// The close commits after the ingest began and before its step 1: read any earlier, closed_until
// would put the event into a frozen bucket, never billed.
TEST_F(IngestTest, R3_a_close_that_commits_just_before_step_1_turns_the_event_into_an_adjustment) {
  stages_.before_step_1 = [&] {
    Close close(database_);
    ASSERT_TRUE(close.advance(kBucket));
    EXPECT_EQ(close.fence(), 0);
    close.commit();
  };
  ASSERT_EQ(*commit(batch_of(0, 1, {{.time_us = 1, .id = "a"}})), Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "0");
  EXPECT_EQ(adjusted_of("sub-1", "requests"), "1");
}

// The ingest is past step 1: the close must wait for it, and its cut then holds the event.
TEST_F(IngestTest, R11_a_close_waits_for_an_ingest_past_step_1_and_its_cut_includes_it) {
  Close close(database_);
  std::future<std::int64_t> cut;
  stages_.before_commit = [&] {
    cut = std::async(std::launch::async, [&] {
      EXPECT_TRUE(close.advance(kBucket));
      const std::int64_t next = close.fence();
      close.commit();
      return next;
    });
    EXPECT_TRUE(database_.eventually(waits_for_a_lock(close.pid)));
  };
  ASSERT_EQ(*commit(batch_of(0, 1, {{.time_us = 1, .id = "a"}})), Committed::done);
  EXPECT_EQ(cut.get(), 1);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
  EXPECT_EQ(adjusted_of("sub-1", "requests"), "0");
}

// The close has fenced and is still open: the ingest waits for it at step 1, then reads the new
// closed_until.
TEST_F(IngestTest, R11_an_ingest_waits_for_a_close_that_has_fenced) {
  Close close(database_);
  ASSERT_TRUE(close.advance(kBucket));
  ASSERT_EQ(close.fence(), 0);
  auto ingested = std::async(std::launch::async,
                             [&] { return commit(batch_of(0, 1, {{.time_us = 1, .id = "a"}})); });
  EXPECT_TRUE(database_.eventually(
      "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted "
      "AND a.query LIKE 'UPDATE quota.progress SET next%' AND a.datname = current_database()"));
  close.commit();
  ASSERT_EQ(*ingested.get(), Committed::done);
  EXPECT_EQ(adjusted_of("sub-1", "requests"), "1");
}

TEST_F(IngestTest, R5_closed_until_never_moves_back) {
  Close second(database_), first(database_);
  ASSERT_TRUE(second.advance(2 * kBucket));
  auto slow = std::async(std::launch::async, [&] { return first.advance(kBucket); });
  EXPECT_TRUE(database_.eventually(waits_for_a_lock(first.pid)));
  second.commit();
  EXPECT_FALSE(slow.get());
  first.commit();
  EXPECT_EQ(database_.ask("SELECT closed_until_us FROM quota.v1_deployment"),
            std::to_string(2 * kBucket));
}

TEST_F(IngestTest, closed_until_stands_on_bucket_edges_only) {
  Close close(database_);
  EXPECT_FALSE(close.advance(kBucket + 1));
}

TEST_F(IngestTest, two_consumers_of_one_partition_apply_each_offset_once) {
  Stages other_stages;
  StagedStore other_store(real_, other_stages);
  QuotaHandler other(other_store, deployment_, metrics_);
  std::future<Result<Committed>> rival;
  stages_.before_commit = [&] {
    rival = std::async(std::launch::async,
                       [&] { return other.commit(batch_of(0, 1, {{.id = "a"}}), soon()); });
    EXPECT_TRUE(database_.eventually(
        "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"));
  };
  EXPECT_EQ(*commit(batch_of(0, 1, {{.id = "a"}})), Committed::done);
  EXPECT_EQ(*rival.get(), Committed::conflict);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
}

TEST_F(IngestTest, R3_a_commit_whose_reply_was_lost_after_it_went_in_is_done) {
  stages_.reply = Stages::Reply::lost_after_commit;
  EXPECT_EQ(*commit(batch_of(0, 1, {{.id = "a"}})), Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
}

TEST_F(IngestTest, R3_a_commit_that_was_lost_before_it_went_in_is_to_be_tried_again) {
  stages_.reply = Stages::Reply::lost_before_commit;
  Result<Committed> lost = commit(batch_of(0, 1, {{.id = "a"}}));
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::unavailable);
  EXPECT_EQ(usage_of("sub-1", "requests"), "0");
  EXPECT_EQ(*commit(batch_of(0, 1, {{.id = "a"}})), Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
}

TEST_F(IngestTest, R3_a_lost_commit_behind_which_another_consumer_went_on_is_a_conflict) {
  ASSERT_EQ(*commit(batch_of(0, 7, {{.id = "a"}})), Committed::done);
  const CommitBatch stale = batch_of(0, 1, {{.id = "a"}});
  Result<Ingested> resolved = resolve_in_doubt(real_, stale, soon());
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(*resolved, Ingested::conflict);
}

}  // namespace
}  // namespace weir
