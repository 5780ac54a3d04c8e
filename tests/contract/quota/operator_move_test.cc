// R2: moving the stream to another topic, on the real PostgreSQL; the old topic's log is a map.
#include "quota/operator/move.h"
#include "tests/contract/quota/map_log.h"
#include "tests/contract/quota/operator_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Micros kSkew = std::chrono::minutes(5);

/// Two partitions, records 0 to 99 a minute each, applied to the end; a day is remembered.
class MoveTest : public OperatorTest {
 protected:
  MoveTest() {
    log_.partitions.resize(2);
    database_.tell("UPDATE quota.deployment SET partitions = 2, cluster_id = 'cluster-1'");
    for (std::int32_t p = 0; p < 2; ++p) {
      log_.fill(p, 0, 100, "a", 0);
      const std::string at = "1, " + std::to_string(p);
      database_.tell(
          "INSERT INTO quota.progress (incarnation, partition, next, anchor_offset, "
          "anchor_digest, anchor_append_us, newest_append_us, applied_at_us, horizon_us, "
          "restamp_window_us) VALUES (" +
          at + ", 100, 99, 'a-99', 5940000000, 5940000000, 1, 86400000000, 3600000000)");
      database_.tell("INSERT INTO quota.anchor SELECT " + at +
                     ", n, 'a-' || n, n * 60000000::bigint FROM generate_series(0, 90, 10) AS n");
    }
    wider_ = {"weir.wide", "cluster-1", "LogAppendTime", "delete", {{}, {}, {}}};
  }
  LineageFacts facts() {
    Result<LineageFacts> facts = store_.lineage(soon());
    EXPECT_TRUE(facts.ok());
    return *facts;
  }
  Result<Resolution> declare() {
    const Result<NewMove> move = plan_move(facts(), wider_);
    if (!move) return move.error();
    return declare_move(store_, decision_, *move, soon());
  }
  MoveStanding standing() {
    Result<MoveStanding> standing = standing_of(store_, log_, soon());
    EXPECT_TRUE(standing.ok()) << standing.error().text();
    return *standing;
  }
  Result<FinishPlan> plan() { return plan_finish(facts(), standing().move, log_, kSkew, soon()); }
  Result<Resolution> finish() {
    const Result<FinishPlan> made = plan();
    if (!made) return made.error();
    return finish_move(store_, decision_, *made, log_, soon());
  }
  /// A producer whose final seal of epoch 1 named these numbers.
  void switched(const std::string& id, const std::string& last) {
    producer(id, 1);
    database_.tell("UPDATE quota.producer SET final_numbers = '[{\"epoch\":1,\"last\":[" + last +
                   "]}]' WHERE producer = '" + id + "'");
  }
  std::int64_t blockers() const {
    return number("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'move'");
  }
  std::string incarnation() const {
    return database_.ask(
        "SELECT incarnation || ' ' || topic || ' ' || partitions FROM quota.deployment");
  }

  MapLog log_;
  NewTopic wider_;
};

TEST_F(MoveTest, R2_a_declared_move_blocks_every_close_until_it_is_settled) {
  EXPECT_EQ(blockers(), 0);
  ASSERT_TRUE(declare().ok());
  EXPECT_EQ(blockers(), 1);
  EXPECT_THAT(database_.ask("SELECT reason FROM quota.v2_blockers"),
              HasSubstr("from topic weir.requests to weir.wide, declared by ada"));
  EXPECT_EQ(database_.ask("SELECT action FROM quota.audit"), "move declare");
  ASSERT_TRUE(cancel_move(store_, decision_, wider_, soon()).ok());
  EXPECT_EQ(blockers(), 0);
  EXPECT_EQ(incarnation(), "1 weir.requests 2");
}

TEST_F(MoveTest, R2_of_two_moves_one_is_declared) {
  ASSERT_TRUE(declare().ok());
  const auto again = declare();
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_THAT(again.error().text(), HasSubstr("weir.wide was declared by ada"));
  EXPECT_EQ(audits(), 1);
}

TEST_F(MoveTest, R2_a_topic_that_cannot_be_moved_to_is_refused) {
  const auto refused = [&](const NewTopic& topic) {
    const Result<NewMove> move = plan_move(facts(), topic);
    return move ? std::string("taken") : move.error().text();
  };
  NewTopic topic = wider_;
  EXPECT_EQ(refused(topic), "taken");
  topic.topic = "weir.requests";
  EXPECT_THAT(refused(topic), HasSubstr("is the one that is read"));
  topic = wider_;
  topic.partitions.resize(2);
  EXPECT_THAT(refused(topic), HasSubstr("has 2 partitions"));
  topic = wider_;
  topic.partitions[1].end = Offset{1};
  EXPECT_THAT(refused(topic), HasSubstr("holds records"));
  topic = wider_;
  topic.timestamp_type = "CreateTime";
  EXPECT_THAT(refused(topic), HasSubstr("CreateTime"));
  topic = wider_;
  topic.cleanup_policy = "compact";
  EXPECT_THAT(refused(topic), HasSubstr("compact"));
  topic = wider_;
  topic.cluster_id = "cluster-2";
  EXPECT_THAT(refused(topic), HasSubstr("cluster-2"));
}

TEST_F(MoveTest, R2_a_producer_that_has_not_written_its_final_seal_holds_the_move) {
  ASSERT_TRUE(declare().ok());
  producer("gw-1", 1);
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("gw-1 waits for its final seal")));
  EXPECT_THAT(standing().next_action(), HasSubstr("stream.topic = weir.wide"));
  const auto refused = finish();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().text(), HasSubstr("gw-1 waits for its final seal"));
  EXPECT_EQ(incarnation(), "1 weir.requests 2");
  EXPECT_EQ(number("SELECT count(*) FROM quota.progress WHERE ended_at_us IS NOT NULL"), 0);
  EXPECT_EQ(blockers(), 1);
}

TEST_F(MoveTest, R2_numbers_that_a_final_seal_names_and_nobody_applied_hold_the_move) {
  ASSERT_TRUE(declare().ok());
  switched("gw-1", "5,0");
  highest("gw-1", 1, 0, 4);
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("number 5 of epoch 1 in partition 0")));
  EXPECT_FALSE(finish().ok());
  highest("gw-1", 1, 1, 3);
  database_.tell("UPDATE quota.producer_number SET highest = 5 WHERE partition = 0");
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("number 3 came above its last one")));
  database_.tell("DELETE FROM quota.producer_number WHERE partition = 1");
  EXPECT_THAT(standing().left(), ElementsAre());
}

// Started with the old topic again after its final seal: it has begun another epoch there.
TEST_F(MoveTest, R2_a_producer_that_switched_back_holds_the_move) {
  ASSERT_TRUE(declare().ok());
  switched("gw-1", "0,0");
  EXPECT_THAT(standing().left(), ElementsAre());
  database_.tell("UPDATE quota.producer SET epoch = 2");
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("its final seal")));
  ASSERT_TRUE(retire_producer(store_, decision_, "gw-1", soon()).ok());
  EXPECT_THAT(standing().left(), ElementsAre());
}

TEST_F(MoveTest, R2_a_partition_that_is_not_applied_to_its_end_holds_the_move) {
  ASSERT_TRUE(declare().ok());
  log_.fill(1, 100, 103, "a", 100);
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("partition 1 is 3 records from its end")));
  EXPECT_THAT(standing().next_action(), HasSubstr("weir-quota consume"));
  const auto refused = finish();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("ends at 103"));
}

// Between the plan and the fence a producer that nobody knows of writes to the old topic.
TEST_F(MoveTest, R2_a_record_that_comes_after_the_plan_was_made_holds_the_move) {
  ASSERT_TRUE(declare().ok());
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  log_.fill(1, 100, 101, "a", 100);
  const auto refused = finish_move(store_, decision_, *made, log_, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("partition 1 of the old topic was written to"));
  EXPECT_EQ(incarnation(), "1 weir.requests 2");
}

TEST_F(MoveTest, R2_redriven_events_on_their_way_and_a_broken_lineage_hold_the_move) {
  ASSERT_TRUE(declare().ok());
  const std::int64_t row = quarantined(7);
  database_.tell(
      "INSERT INTO quota.redrive (quarantine_id, partition, event, made_at_us) VALUES (" +
      std::to_string(row) + ", 1, '{}', 1)");
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("1 redriven event")));
  EXPECT_FALSE(finish().ok());
  database_.tell("UPDATE quota.redrive SET state = 'discarded'");
  flag("lineage", "log truncated");
  EXPECT_THAT(standing().left(), ElementsAre(HasSubstr("log truncated")));
  EXPECT_FALSE(finish().ok());
}

TEST_F(MoveTest, R2_finishing_begins_the_next_incarnation_on_the_wider_topic) {
  database_.tell("INSERT INTO quota.generation VALUES ('v', 1, 0, 0, 50, 'abc', 0, 1, 7, 1)");
  ASSERT_TRUE(declare().ok());
  switched("gw-1", "5,0");
  highest("gw-1", 1, 0, 5);
  const auto done = finish();
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(incarnation(), "2 weir.wide 3");
  EXPECT_EQ(blockers(), 0);
  EXPECT_EQ(number("SELECT count(*) FROM quota.gap"), 0) << "nothing was lost";
  EXPECT_EQ(database_.ask("SELECT string_agg(next || ' ' || coalesce(unheld_until_us, -1), ',' "
                          "ORDER BY partition) FROM quota.progress WHERE incarnation = 2"),
            "0 -1,0 -1,0 -1");
  EXPECT_EQ(database_.ask("SELECT string_agg(from_offset || '-' || to_offset, ',' ORDER BY "
                          "partition) FROM quota.inherited WHERE incarnation = 2"),
            "0-100,0-100");
  // Its files are of partitions that are no more.
  EXPECT_EQ(number("SELECT count(*) FROM quota.generation"), 0);
  EXPECT_EQ(database_.ask("SELECT settled || ' ' || settled_by FROM quota.move"), "finished ada");
  EXPECT_EQ(database_.ask("SELECT string_agg(action, ',' ORDER BY id) FROM quota.audit"),
            "move declare,move finish");
  EXPECT_THAT(database_.ask("SELECT detail FROM quota.audit WHERE action = 'move finish'"),
              HasSubstr("\"ended_at\":[100,100]"));
}

TEST_F(MoveTest, R1_a_consumer_of_the_old_topic_moves_nothing_after_the_move) {
  ASSERT_TRUE(declare().ok());
  ASSERT_TRUE(finish().ok());
  PostgresStore ingest(pool_, std::chrono::minutes(10),
                       {std::chrono::hours(24), std::chrono::hours(1)});
  auto zombie = ingest.begin(soon());
  ASSERT_TRUE(zombie.ok());
  const auto moved =
      (*zombie)->advance_progress(Incarnation{1}, PartitionId{1}, Offset{100}, Offset{110});
  ASSERT_TRUE(moved.ok()) << moved.error().text();
  EXPECT_FALSE(*moved);
}

// Of an hour's horizon the log holds more; of what lies before it nobody knows any more.
TEST_F(MoveTest, R6_what_the_horizon_leaves_out_is_unprovable_in_the_new_topic) {
  database_.tell("UPDATE quota.progress SET horizon_us = 1800000000, restamp_window_us = 0");
  ASSERT_TRUE(declare().ok());
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  // Newest is minute 99, the horizon begins at 69; the oldest anchor behind that is of minute 70.
  EXPECT_EQ(made->begins.inherits->ranges[0].from, Offset{70});
  EXPECT_EQ(made->begins.starts[2].unheld_until, AppendTime{75 * kMinute});
}

TEST_F(MoveTest, R5_retention_that_took_the_log_s_start_shortens_what_is_inherited) {
  log_.partitions[1].start = Offset{40};
  ASSERT_TRUE(declare().ok());
  const auto made = plan();
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(made->begins.inherits->ranges[0].from, Offset{0});
  EXPECT_EQ(made->begins.inherits->ranges[1].from, Offset{40});
  EXPECT_EQ(made->begins.starts[0].unheld_until, AppendTime{45 * kMinute});
}

TEST_F(MoveTest, a_move_is_cancelled_only_as_long_as_nothing_stands_in_the_new_topic) {
  ASSERT_TRUE(declare().ok());
  NewTopic used = wider_;
  used.partitions[0].end = Offset{1};
  const auto refused = cancel_move(store_, decision_, used, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("a producer has switched"));
  EXPECT_EQ(blockers(), 1);
  EXPECT_TRUE(cancel_move(store_, decision_, std::nullopt, soon()).ok());
  const auto again = cancel_move(store_, decision_, wider_, soon());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace weir
