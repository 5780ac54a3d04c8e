// R1: adopting a log that was truncated or made anew, on the real PostgreSQL; the log is a map.
#include "quota/operator/adopt.h"
#include "tests/contract/quota/map_log.h"
#include "tests/contract/quota/operator_fixture.h"

namespace weir {
namespace {

/// Two partitions of one life "a", records 0 to 99 a minute each, applied to the end, every tenth kept
/// as an anchor; the index covers from minute 20 on.
class AdoptTest : public OperatorTest {
 protected:
  AdoptTest() {
    log_.partitions.resize(2);
    database_.tell("UPDATE quota.deployment SET partitions = 2, cluster_id = 'cluster-1'");
    for (std::int32_t p = 0; p < 2; ++p) {
      log_.fill(p, 0, 100, "a", 0);
      const std::string at = "1, " + std::to_string(p);
      database_.tell(
          "INSERT INTO quota.progress (incarnation, partition, next, anchor_offset, "
          "anchor_digest, anchor_append_us, newest_append_us, horizon_from_us, applied_at_us, "
          "horizon_us, restamp_window_us) VALUES (" +
          at +
          ", 100, 99, 'a-99', 5940000000, 5940000000, 1200000000, 1, 86400000000, 3600000000)");
      database_.tell("INSERT INTO quota.anchor SELECT " + at +
                     ", n, 'a-' || n, n * 60000000::bigint FROM generate_series(0, 90, 10) AS n");
    }
  }
  Result<AdoptionPlan> plan() {
    Result<LineageFacts> facts = store_.lineage(soon());
    if (!facts) return facts.error();
    return plan_adoption(*facts, log_, soon());
  }
  Result<Resolution> adopt(const AdoptionPlan& plan) {
    return adopt_lineage(store_, decision_, plan, soon());
  }
  std::string starts() const {
    return database_.ask(
        "SELECT string_agg(next::text, ',' ORDER BY partition) FROM "
        "quota.progress WHERE incarnation = 2");
  }

  MapLog log_;
};

TEST_F(AdoptTest, R1_a_truncated_log_goes_on_behind_the_newest_anchor_that_holds) {
  flag("lineage", "log truncated");
  log_.truncate(0, 75);
  log_.fill(0, 75, 120, "b", 200);  // others stand there now
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(made->begins.why, "truncated");
  EXPECT_EQ(made->partitions[0].what, "truncated");
  EXPECT_EQ(made->partitions[1].what, "unbroken");
  const auto done = adopt(*made);
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(starts(), "71,100");
  EXPECT_EQ(database_.ask("SELECT incarnation FROM quota.deployment"), "2");
  EXPECT_EQ(database_.ask("SELECT to_json(starts) FROM quota.incarnation"), "[71,100]");
  // What was applied of the lost ones, the index cannot hold: nothing from before is called new.
  EXPECT_EQ(database_.ask("SELECT unheld_until_us FROM quota.progress WHERE incarnation = 2 AND "
                          "partition = 0"),
            "5940000000");
  EXPECT_EQ(database_.ask("SELECT coalesce(unheld_until_us, -1) FROM quota.progress WHERE "
                          "incarnation = 2 AND partition = 1"),
            "-1");
  EXPECT_EQ(database_.ask("SELECT from_offset || '-' || to_offset FROM quota.gap WHERE partition "
                          "= 0 AND incarnation = 1"),
            "71-100");
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'gap'"), 2);
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'lineage'"), 0);
}

TEST_F(AdoptTest, R6_until_when_the_restamp_window_was_short_is_not_forgotten) {
  database_.tell("UPDATE quota.progress SET restamp_short_until_us = 77 WHERE partition = 1");
  log_.truncate(0, 75);
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  ASSERT_TRUE(adopt(*made).ok());
  EXPECT_EQ(database_.ask("SELECT string_agg(restamp_short_until_us::text, ',') FROM "
                          "quota.progress WHERE incarnation = 2"),
            "77,77");
}

// X, applied and then truncated away, is retried after a second adoption that found its partition
// unbroken: the index of incarnation 3 knows X no better than that of 2, and must not call it new.
TEST_F(AdoptTest, R6_what_one_adoption_could_not_hold_no_later_one_calls_new) {
  flag("lineage", "log truncated");
  log_.truncate(0, 75);
  log_.fill(0, 75, 120, "b", 200);
  const auto first = plan();
  ASSERT_TRUE(first.ok()) << first.error().text();
  ASSERT_TRUE(adopt(*first).ok());
  database_.tell(
      "INSERT INTO quota.integrity_flag (incarnation, partition, kind, what, opened_at_us) "
      "VALUES (2, 1, 'lineage', 'log truncated', 2)");
  log_.partitions[1] = {};
  log_.fill(1, 0, 9, "c", 300);
  const auto second = plan();
  ASSERT_TRUE(second.ok()) << second.error().text();
  EXPECT_EQ(second->partitions[0].what, "unbroken");
  ASSERT_TRUE(adopt(*second).ok());
  EXPECT_EQ(database_.ask("SELECT unheld_until_us || ' ' || newest_append_us FROM quota.progress "
                          "WHERE incarnation = 3 AND partition = 0"),
            "5940000000 5940000000");
}

// The settings named another broker once: what that raised is taken back, and nothing else changes.
TEST_F(AdoptTest, R1_a_log_that_is_the_one_that_was_read_is_confirmed) {
  flag("lineage", "another cluster: staging");
  const auto facts = store_.lineage(soon());
  ASSERT_TRUE(facts.ok());
  log_.cluster = "staging";
  auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(confirm_lineage(store_, decision_, *facts, *made, soon()).error().code,
            ErrorCode::conflict);
  log_.cluster = "cluster-1";
  log_.truncate(1, 95);
  made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(confirm_lineage(store_, decision_, *facts, *made, soon()).error().code,
            ErrorCode::conflict);
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'lineage'"), 1);

  log_.fill(1, 95, 100, "a", 95);
  log_.partitions[1].records[Offset{99}].digest = "a-99";
  made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  const auto done = confirm_lineage(store_, decision_, *facts, *made, soon());
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 0);
  EXPECT_EQ(number("SELECT incarnation FROM quota.deployment"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM quota.audit WHERE action = 'lineage confirm'"), 1);
}

TEST_F(AdoptTest, R1_a_topic_that_was_made_anew_is_read_from_its_start) {
  flag("lineage", "log made anew");
  for (std::int32_t p = 0; p < 2; ++p) {
    log_.partitions[static_cast<std::size_t>(p)] = {};
    log_.fill(p, 0, 200, "b", 100);
  }
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(made->begins.why, "made anew");
  ASSERT_TRUE(adopt(*made).ok());
  EXPECT_EQ(starts(), "0,0");
}

TEST_F(AdoptTest, R1_a_log_that_still_holds_old_records_is_not_read_from_its_start) {
  flag("lineage", "log truncated");
  // Cut below the oldest kept anchor but one, and that one is not kept any more.
  log_.truncate(0, 5);
  database_.tell("DELETE FROM quota.anchor WHERE record_offset < 10");
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().what.find("they would count twice"), std::string::npos);
}

TEST_F(AdoptTest, R1_adoption_is_refused_when_the_anchor_lies_before_the_index) {
  flag("lineage", "log truncated");
  log_.truncate(0, 15);  // the anchor at 10 holds, of minute 10; the index begins at minute 20
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().what.find("identity index"), std::string::npos);
}

TEST_F(AdoptTest, R2_a_changed_partition_count_is_never_adopted) {
  flag("lineage", "the topic has 3 partitions");
  log_.partitions.emplace_back();
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().what.find("3 partitions"), std::string::npos);
}

TEST_F(AdoptTest, a_log_that_is_whole_is_not_adopted) {
  const auto refused = plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().what.find("nothing is broken"), std::string::npos);
}

TEST_F(AdoptTest, R1_a_consumer_of_the_old_incarnation_moves_nothing_after_the_adoption) {
  flag("lineage", "log truncated");
  log_.truncate(0, 75);
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  ASSERT_TRUE(adopt(*made).ok());
  PostgresStore ingest(pool_, std::chrono::minutes(10),
                       {std::chrono::hours(24), std::chrono::hours(1)});
  auto zombie = ingest.begin(soon());
  ASSERT_TRUE(zombie.ok());
  const auto moved =
      (*zombie)->advance_progress(Incarnation{1}, PartitionId{1}, Offset{100}, Offset{110});
  ASSERT_TRUE(moved.ok()) << moved.error().text();
  EXPECT_FALSE(*moved);
}

TEST_F(AdoptTest, what_a_consumer_read_since_the_plan_was_made_is_not_adopted_away) {
  flag("lineage", "log truncated");
  log_.truncate(0, 75);
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  database_.tell("UPDATE quota.progress SET next = 105 WHERE partition = 1");
  const auto refused = adopt(*made);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(database_.ask("SELECT incarnation FROM quota.deployment"), "1");
  EXPECT_EQ(number("SELECT count(*) FROM quota.progress WHERE ended_at_us IS NOT NULL"), 0);
}

TEST_F(AdoptTest, of_two_adoptions_one_begins_the_incarnation) {
  flag("lineage", "log truncated");
  log_.truncate(0, 75);
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  ASSERT_TRUE(adopt(*made).ok());
  const auto again = adopt(*made);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_EQ(number("SELECT count(*) FROM quota.incarnation"), 1);
  EXPECT_EQ(audits(), 1);
}

TEST_F(AdoptTest, a_partition_whose_anchors_retention_took_goes_on_where_it_was) {
  flag("lineage", "the cluster is another one");
  log_.partitions[0].start = Offset{100};
  log_.partitions[0].records.clear();
  log_.fill(0, 100, 130, "a", 100);
  log_.cluster = "cluster-2";
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(made->partitions[0].what, "unverified");
  ASSERT_TRUE(adopt(*made).ok());
  EXPECT_EQ(starts(), "100,100");
  EXPECT_EQ(database_.ask("SELECT cluster_id FROM quota.deployment"), "cluster-2");
}

}  // namespace
}  // namespace weir
