// The ingest transaction (R3) on a real PostgreSQL, one consumer.
#include "ingest/event/limits.h"
#include "tests/contract/quota/ingest_fixture.h"

namespace weir {
namespace {

constexpr std::int64_t kBucket = QuotaDatabase::kBucketUs;

TEST_F(IngestTest, usage_and_progress_are_written_together) {
  ASSERT_EQ(*commit(batch_of(0, 3,
                             {{.time_us = 5, .id = "a", .tokens = 40},
                              {.time_us = kBucket + 5, .id = "b", .tokens = 2},
                              {.subscription = "sub-2", .time_us = 7, .id = "c"}})),
            Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "2");
  EXPECT_EQ(usage_of("sub-1", "tokens"), "42");
  EXPECT_EQ(usage_of("sub-2", "requests"), "1");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v1_usage WHERE subscription = 'sub-1' AND "
                          "meter = 'requests'"),
            "2");
  EXPECT_EQ(database_.ask("SELECT next || ' ' || received || ' ' || applied FROM quota.v1_progress "
                          "WHERE partition = 0"),
            "3 3 3");
}

TEST_F(IngestTest, later_batches_add_up_and_duplicates_add_nothing) {
  ASSERT_EQ(*commit(batch_of(0, 1, {{.id = "a"}})), Committed::done);
  ASSERT_EQ(*commit(batch_of(1, 3, {{.id = "b"}, {.id = "a", .verdict = Verdict::duplicate}})),
            Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "2");
  EXPECT_EQ(database_.ask("SELECT received || ' ' || applied || ' ' || duplicate "
                          "FROM quota.v1_progress WHERE partition = 0"),
            "3 2 1");
}

TEST_F(IngestTest, R5_a_zombie_whose_position_is_stale_writes_nothing) {
  ASSERT_EQ(*commit(batch_of(0, 2, {{.id = "a"}})), Committed::done);
  EXPECT_EQ(*commit(batch_of(0, 2, {{.id = "a"}})), Committed::conflict);
  EXPECT_EQ(*commit(batch_of(1, 5, {{.id = "z"}})), Committed::conflict);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
  EXPECT_EQ(database_.ask("SELECT next FROM quota.v1_progress WHERE partition = 0"), "2");
}

TEST_F(IngestTest, a_batch_of_two_partitions_is_written_whole_or_not_at_all) {
  CommitBatch batch = batch_of(0, 1, {{.id = "a"}});
  Range second = batch.ranges[0];
  second.partition = PartitionId{1};
  second.from = Offset{9};
  second.to = Offset{10};
  batch.ranges.push_back(second);
  EXPECT_EQ(*commit(batch), Committed::conflict);
  EXPECT_EQ(database_.ask("SELECT sum(next) FROM quota.v1_progress"), "0");
  batch.ranges[1].from = Offset{0};
  EXPECT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(database_.ask("SELECT sum(next) FROM quota.v1_progress"), "11");
}

TEST_F(IngestTest, events_before_closed_until_become_adjustments_and_are_counted) {
  database_.tell("SELECT quota.v1_advance_closed_until(" + std::to_string(kBucket) + ")");
  ASSERT_EQ(*commit(batch_of(
                0, 2, {{.time_us = kBucket - 1, .id = "late"}, {.time_us = kBucket, .id = "new"}})),
            Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "1");
  EXPECT_EQ(adjusted_of("sub-1", "requests"), "1");
  EXPECT_EQ(database_.ask("SELECT bucket_us FROM quota.v1_adjustments"), "0");
  EXPECT_EQ(database_.ask("SELECT applied || ' ' || adjusted FROM quota.v1_progress "
                          "WHERE partition = 0"),
            "2 1");
}

TEST_F(IngestTest, rows_without_a_subscription_make_no_usage_and_are_counted) {
  ASSERT_EQ(*commit(batch_of(0, 1, {{.subscription = "", .id = "a"}})), Committed::done);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.usage"), "0");
  EXPECT_EQ(database_.ask("SELECT unsubscribed FROM quota.progress WHERE partition = 0"), "1");
}

TEST_F(IngestTest, R4_quarantine_keeps_the_record_with_its_address_and_blocks) {
  CommitBatch batch = batch_of(4, 4, {});
  batch.ranges[0].from = Offset{0};
  Quarantined bad;
  bad.offset = Offset{3};
  bad.row = 2;
  bad.reason = "malformed";
  bad.field = "units";
  bad.detail = std::string("\xff\0broken", 8);
  bad.raw = "{oops";
  batch.quarantined = {bad, bad};
  batch.quarantined[1].row = 5;
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v1_blockers WHERE kind = 'quarantine' AND "
                          "from_offset = 3 AND reason = 'malformed'"),
            "2");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.quarantine_record WHERE topic = "
                          "'weir.requests' AND record_offset = 3"),
            "1");
  const PartitionId zero[] = {PartitionId{0}};
  EXPECT_EQ(handler_.load(zero, 2, soon())->front().quarantined.size(), 2u);
}

// Else every load reads all that was ever quarantined.
TEST_F(IngestTest, R4_only_verdicts_that_a_rebuild_can_meet_are_loaded) {
  CommitBatch batch = batch_of(0, 20, {});
  Quarantined bad;
  bad.reason = "malformed";
  for (const std::int64_t offset : {3, 10, 12}) {
    bad.offset = Offset{offset};
    batch.quarantined.push_back(bad);
  }
  ASSERT_EQ(*commit(batch), Committed::done);
  const PartitionId zero[] = {PartitionId{0}};
  EXPECT_EQ(handler_.load(zero, 2, soon())->front().quarantined.size(), 3u);
  CommitBatch naming = batch_of(20, 20, {});
  Generation sealed;
  sealed.from_offset = 10;
  sealed.to_offset = 20;
  sealed.digest = "d1";
  sealed.volume_id = "volume-1";
  naming.ranges[0].sealed = {sealed};
  ASSERT_EQ(*commit(naming), Committed::done);
  const auto loaded = handler_.load(zero, 2, soon());
  ASSERT_EQ(loaded->front().quarantined.size(), 2u);
  EXPECT_EQ(loaded->front().quarantined.front().offset, Offset{10});
}

TEST_F(IngestTest, a_gap_blocks_closes) {
  CommitBatch batch = batch_of(0, 510, {});
  batch.gaps = {{PartitionId{0}, Offset{0}, Offset{510}, "retention"}};
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(database_.ask("SELECT from_offset || ' ' || to_offset FROM quota.v1_blockers"),
            "0 510");
}

TEST_F(IngestTest, R6_unprovable_events_stand_apart_once_with_what_they_would_add) {
  const Event old{.id = "old", .tokens = 7, .verdict = Verdict::unprovable};
  ASSERT_EQ(*commit(batch_of(0, 1, {old})), Committed::done);
  ASSERT_EQ(*commit(batch_of(1, 2, {old})), Committed::done);
  EXPECT_EQ(database_.ask("SELECT n FROM quota.v1_unprovable_count"), "1");
  EXPECT_EQ(database_.ask("SELECT meters::text || units::text FROM quota.unprovable"),
            "{requests,tokens}{1,7}");
  EXPECT_EQ(usage_of("sub-1", "requests"), "0");
}

// An older file is loaded: every row of a full batch is unprovable, and each was a round trip.
TEST_F(IngestTest, R6_unprovable_events_of_a_batch_are_one_statement) {
  database_.tell("CREATE TABLE public.statements (at bigint)");
  database_.tell(
      "CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN INSERT INTO public.statements VALUES (1); RETURN NULL; END'");
  database_.tell(
      "CREATE TRIGGER noted AFTER INSERT ON quota.unprovable FOR EACH STATEMENT "
      "EXECUTE FUNCTION public.note()");
  std::vector<Event> old;
  for (int i = 0; i < 300; ++i) {
    old.push_back({.id = "old-" + std::to_string(i), .tokens = i, .verdict = Verdict::unprovable});
  }
  old.push_back(old.front());
  CommitBatch batch = batch_of(0, 1, old);
  batch.sources = {{1, "gw-1"}, {299, "gw-2"}};
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM public.statements"), "1");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.unprovable"), "300");
  EXPECT_EQ(
      database_.ask("SELECT string_agg(source || meters::text || units::text, ' ' ORDER BY id)"
                    " FROM quota.unprovable WHERE id IN (1, 2, 300)"),
      "{requests}{1} gw-1{requests,tokens}{1,1} gw-2{requests,tokens}{1,299}");
}

TEST_F(IngestTest, R5_generations_count_from_the_commit_that_names_them) {
  CommitBatch batch = batch_of(0, 10, {});
  Generation sealed;
  sealed.to_offset = 10;
  sealed.identities = 3;
  sealed.digest = "d1";
  sealed.volume_id = "volume-1";
  batch.ranges[0].sealed = {sealed};
  const PartitionId zero[] = {PartitionId{0}};
  EXPECT_TRUE(handler_.load(zero, 2, soon())->front().generations.empty());
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(handler_.load(zero, 2, soon())->front().generations.size(), 1u);
  // Whoever reads it learns whose volume holds the file.
  EXPECT_EQ(handler_.load(zero, 2, soon())->front().generations.front().volume_id, "volume-1");
  CommitBatch expiry = batch_of(10, 11, {});
  expiry.ranges[0].expired = {sealed};
  ASSERT_EQ(*commit(expiry), Committed::done);
  EXPECT_TRUE(handler_.load(zero, 2, soon())->front().generations.empty());
}

TEST_F(IngestTest, R6_it_is_remembered_until_when_the_restamp_window_was_short) {
  constexpr std::int64_t kMin = 60'000'000;
  database_.tell("UPDATE quota.progress SET restamp_window_us = " + std::to_string(60 * kMin));
  std::int64_t next = 0;
  const auto goes_on = [&](std::int64_t held_from, std::int64_t newest) {
    CommitBatch batch = batch_of(next, next + 1, {});
    batch.ranges[0].horizon_from = AppendTime{held_from};
    batch.ranges[0].newest_append = AppendTime{newest};
    EXPECT_EQ(*commit(batch), Committed::done);
    ++next;
    return database_.ask(
        "SELECT coalesce(restamp_short_until_us, 0) FROM quota.v2_progress WHERE partition = 0");
  };
  EXPECT_EQ(goes_on(0, 100 * kMin), "0") << "the index holds everything from the first on";
  EXPECT_EQ(goes_on(30 * kMin, 101 * kMin), "0") << "an hour and more before the oldest of these";
  EXPECT_EQ(goes_on(90 * kMin, 102 * kMin), std::to_string(150 * kMin)) << "a loss";
  EXPECT_EQ(goes_on(90 * kMin, 151 * kMin), std::to_string(150 * kMin));
  EXPECT_EQ(goes_on(90 * kMin, 200 * kMin), std::to_string(150 * kMin)) << "whole again";
  EXPECT_EQ(goes_on(120 * kMin, 300 * kMin), std::to_string(150 * kMin)) << "the horizon goes on";
}

TEST_F(IngestTest, anchor_and_completeness_are_stored_and_never_go_back) {
  CommitBatch batch = batch_of(0, 10, {});
  batch.ranges[0].anchor = Anchor{Offset{9}, "abc", AppendTime{77}};
  batch.ranges[0].caught_up_at = WallTime{5'000'000'000};
  ASSERT_EQ(*commit(batch), Committed::done);
  CommitBatch later = batch_of(10, 11, {});
  ASSERT_EQ(*commit(later), Committed::done);
  EXPECT_EQ(
      database_.ask("SELECT anchor_offset || ' ' || anchor_digest || ' ' || anchor_append_us "
                    "|| ' ' || complete_through_us FROM quota.v1_progress WHERE partition = 0"),
      "9 abc 77 4400000000");
  const PartitionId zero[] = {PartitionId{0}};
  EXPECT_EQ(handler_.load(zero, 2, soon())->front().anchor->offset, Offset{9});
}

TEST_F(IngestTest, R2_a_changed_partition_count_stops_consumption_and_blocks_closes) {
  const PartitionId zero[] = {PartitionId{0}};
  Result<std::vector<PartitionState>> loaded = handler_.load(zero, 3, soon());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::integrity);
  EXPECT_EQ(database_.ask("SELECT kind FROM quota.v1_blockers"), "lineage");
}

// The topic grew between the assignment and the count of its partitions. A row of the one that is not
// counted would stay for ever, and no adoption's plan would know it.
TEST_F(IngestTest, R2_a_partition_beyond_the_count_leaves_no_progress_row) {
  const PartitionId assigned[] = {PartitionId{0}, PartitionId{2}};
  Result<std::vector<PartitionState>> loaded = handler_.load(assigned, 2, soon());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::unavailable);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.progress WHERE partition = 2"), "0");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v1_blockers"), "0");
}

TEST_F(IngestTest, R1_a_break_is_one_open_flag_however_often_it_is_seen) {
  ASSERT_TRUE(handler_.report_break(PartitionId{1}, "anchor differs", soon()).ok());
  ASSERT_TRUE(handler_.report_break(PartitionId{1}, "anchor differs", soon()).ok());
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v1_blockers WHERE kind = 'lineage'"), "1");
}

TEST_F(IngestTest, without_a_catalogue_consumption_waits_and_says_what_to_run) {
  database_.tell("DELETE FROM quota.catalog");
  QuotaHandler fresh = handler();
  Result<Committed> waiting = fresh.commit(batch_of(0, 1, {{.id = "a"}}), soon());
  ASSERT_FALSE(waiting.ok());
  EXPECT_EQ(waiting.error().code, ErrorCode::unavailable);
  EXPECT_NE(waiting.error().text().find("weir-quota catalog apply"), std::string::npos);
  database_.apply_catalog(kTestCatalog);
  EXPECT_EQ(*fresh.commit(batch_of(0, 1, {{.id = "a"}}), soon()), Committed::done);
}

TEST_F(IngestTest, R3_a_newer_catalogue_found_inside_means_aggregating_again) {
  ASSERT_EQ(*commit(batch_of(0, 1, {{.id = "a"}})), Committed::done);
  database_.apply_catalog(std::string(kTestCatalog) +
                          "[[meter]]\ntenant = \"acme\"\nid = \"also\"\naggregate = \"count\"\n");
  ASSERT_EQ(*commit(batch_of(1, 2, {{.id = "b"}})), Committed::done);
  EXPECT_EQ(usage_of("sub-1", "requests"), "2");
  EXPECT_EQ(usage_of("sub-1", "also"), "1");
}

TEST_F(IngestTest, a_sum_that_leaves_64_bits_is_held_there_and_blocks_closes) {
  ASSERT_EQ(*commit(batch_of(0, 1, {{.id = "a", .tokens = kUnitsMax}})), Committed::done);
  database_.tell("UPDATE quota.usage SET units = 9223372036854775807 - 5 WHERE meter = 'tokens'");
  ASSERT_EQ(*commit(batch_of(1, 2, {{.id = "b", .tokens = 6}})), Committed::done);
  EXPECT_EQ(usage_of("sub-1", "tokens"), "9223372036854775807");
  EXPECT_EQ(database_.ask("SELECT reason FROM quota.v1_blockers"),
            "units of acme/sub-1/tokens at 1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace weir
