// What operators decide about the stream and its producers, on the real PostgreSQL.
#include "tests/contract/quota/operator_fixture.h"

#include <future>

namespace weir {
namespace {

TEST_F(OperatorTest, R7_accepting_a_gap_accepts_the_holes_inside_it) {
  const std::int64_t before = hole("gw-1", 3, 3, 60);
  const std::int64_t gaps[] = {gap(100, 180, 1000)};
  const std::int64_t swallowed = hole("gw-1", 40, 90, 185, 95);
  const std::int64_t other_producer = hole("gw-2", 7, 8, 190);
  const std::int64_t later = hole("gw-1", 120, 121, 200, 185);
  const auto done = accept_gaps(store_, decision_, gaps, soon());
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(done->worth, "at most 80 records never read, 53 numbers of 2 producers");
  const auto open = [&](std::int64_t id) {
    return database_.ask("SELECT accepted_at_us IS NULL FROM quota.hole WHERE id = " +
                         std::to_string(id)) == "t";
  };
  EXPECT_TRUE(open(before)) << "it was found before the gap was";
  EXPECT_FALSE(open(swallowed));
  EXPECT_FALSE(open(other_producer));
  EXPECT_TRUE(open(later)) << "gw-1 was heard between the gap and these";
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 0);
  EXPECT_EQ(accept_gaps(store_, decision_, gaps, soon()).error().code, ErrorCode::conflict);
}

TEST_F(OperatorTest, pieces_of_a_hole_that_a_gap_swallowed_are_accepted_with_it) {
  const std::int64_t gaps[] = {gap(100, 180, 1000)};
  hole("gw-1", 40, 50, 185, 95);
  hole("gw-1", 60, 90, 185, 95);
  ASSERT_TRUE(accept_gaps(store_, decision_, gaps, soon()).ok());
  EXPECT_EQ(number("SELECT count(*) FROM quota.hole WHERE accepted_by = 'ada'"), 2);
}

TEST_F(OperatorTest, a_hole_that_its_numbers_filled_is_not_accepted_any_more) {
  const std::int64_t ids[] = {hole("gw-1", 40, 90, 1001)};
  database_.tell("UPDATE quota.hole SET closed_at_us = 1500");
  const auto refused = accept_holes(store_, decision_, ids, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().what.find("filled by its numbers"), std::string::npos);
}

TEST_F(OperatorTest, an_accepted_hole_lets_its_numbers_count_as_contiguous) {
  producer("gw-1", 1);
  highest("gw-1", 1, 0, 100);
  const std::int64_t ids[] = {hole("gw-1", 40, 90, 1001)};
  EXPECT_EQ(number("SELECT contiguous FROM quota.v2_numbers"), 39);
  ASSERT_TRUE(accept_holes(store_, decision_, ids, soon()).ok());
  EXPECT_EQ(number("SELECT contiguous FROM quota.v2_numbers"), 100);
}

TEST_F(OperatorTest, a_flag_is_cleared_by_name_but_a_lineage_break_is_not) {
  const std::int64_t overflow[] = {flag("overflow", "units of acme/sub-1/requests")};
  ASSERT_TRUE(clear_flags(store_, decision_, overflow, soon()).ok());
  EXPECT_EQ(clear_flags(store_, decision_, overflow, soon()).error().code, ErrorCode::conflict);
  const std::int64_t lineage[] = {flag("lineage", "log truncated")};
  const auto refused = clear_flags(store_, decision_, lineage, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().remedy.find("lineage show"), std::string::npos);
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 1);
}

TEST_F(OperatorTest, R14_retiring_accepts_the_numbers_that_are_contiguous_now) {
  producer("gw-1", 2);
  highest("gw-1", 1, 0, 100);
  highest("gw-1", 1, 2, 7);
  hole("gw-1", 40, 90, 1001);
  const auto done = retire_producer(store_, decision_, "gw-1", soon());
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(database_.ask("SELECT end_numbers FROM quota.producer"),
            R"([{"epoch":1,"last":[39,0,7]},{"epoch":2,"last":[]}])");
  EXPECT_EQ(database_.ask("SELECT ended_by FROM quota.producer"), "ada");
  const auto again = retire_producer(store_, {"bob", "me too"}, "gw-1", soon());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_NE(again.error().what.find("retired already, by ada"), std::string::npos);
}

TEST_F(OperatorTest, an_unknown_producer_is_not_retired) {
  const auto refused = retire_producer(store_, decision_, "gw-9", soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
}

TEST_F(OperatorTest, R14_retiring_waits_for_the_batch_that_holds_the_producers_numbers) {
  producer("gw-1", 1);
  highest("gw-1", 1, 0, 100);
  // As ingest: read_ends() takes the row, then the numbers are written.
  Connection ingest = database_.connect();
  ASSERT_TRUE(ingest.begin(soon()).ok());
  ASSERT_TRUE(
      ingest.run("SELECT FROM quota.producer WHERE producer = 'gw-1' FOR KEY SHARE", soon()).ok());
  auto waiting = std::async(std::launch::async,
                            [&] { return retire_producer(store_, decision_, "gw-1", soon()); });
  ASSERT_TRUE(database_.eventually(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()"));
  ASSERT_TRUE(ingest.run("UPDATE quota.producer_number SET highest = 140", soon()).ok());
  ASSERT_TRUE(ingest.commit(soon()).ok());
  ASSERT_TRUE(waiting.get().ok());
  EXPECT_EQ(database_.ask("SELECT end_numbers FROM quota.producer"),
            R"([{"epoch":1,"last":[140]}])");
}

}  // namespace
}  // namespace weir
