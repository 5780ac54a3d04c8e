// What operators decide about events: on the real PostgreSQL, with somebody else deciding meanwhile.
#include "tests/contract/quota/operator_fixture.h"

#include <future>

namespace weir {
namespace {

TEST_F(OperatorTest, nothing_is_decided_without_a_name_or_a_reason) {
  const std::int64_t ids[] = {quarantined(5)};
  for (const Decision& wrong : {Decision{"", "because"}, Decision{"ada", ""},
                                Decision{"  ", "because"}, Decision{"ada", " \t\n"}}) {
    const auto refused = discard_quarantine(store_, wrong, ids, soon());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  }
  EXPECT_EQ(audits(), 0);
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 1);
}

TEST_F(OperatorTest, a_discarded_row_blocks_no_more_and_says_who_and_why) {
  const std::int64_t ids[] = {quarantined(5), quarantined(6)};
  const auto done = discard_quarantine(store_, decision_, ids, soon());
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 0);
  EXPECT_EQ(database_.ask("SELECT resolution || ' ' || resolved_by || ' ' || resolved_reason FROM "
                          "quota.quarantine LIMIT 1"),
            "discarded ada " + decision_.reason);
  EXPECT_EQ(database_.ask("SELECT actor || ': ' || action || ', ' || worth FROM quota.audit"),
            "ada: quarantine discard, 2 refused rows");
  EXPECT_EQ(database_.ask("SELECT detail::json->'rows'->1->>'offset' FROM quota.audit"), "6");
}

TEST_F(OperatorTest, an_unknown_id_decides_nothing_of_the_others) {
  const std::int64_t ids[] = {quarantined(5), 4711};
  const auto refused = discard_quarantine(store_, decision_, ids, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  EXPECT_NE(refused.error().what.find("4711"), std::string::npos);
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 1);
  EXPECT_EQ(audits(), 0);
}

TEST_F(OperatorTest, what_is_resolved_names_who_did_it) {
  const std::int64_t ids[] = {quarantined(5)};
  ASSERT_TRUE(discard_quarantine(store_, decision_, ids, soon()).ok());
  const auto again = discard_quarantine(store_, {"bob", "me too"}, ids, soon());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_NE(again.error().what.find("discarded already, by ada"), std::string::npos);
  EXPECT_EQ(audits(), 1);
}

TEST_F(OperatorTest, of_two_who_decide_at_once_the_second_is_told) {
  const std::int64_t ids[] = {unprovable(5, 900'000'000, 40)};
  auto first = store_.begin(soon());
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->hold_closed_until().ok());
  ASSERT_EQ((*first)->unprovable(ids)->size(), 1u);
  auto second = std::async(std::launch::async, [&] {
    return accept_unprovable(store_, {"bob", "me too"}, ids, soon());
  });
  ASSERT_TRUE(database_.eventually(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()"));
  ASSERT_TRUE((*first)->resolve_unprovable(ids, "discarded", decision_).ok());
  ASSERT_TRUE((*first)->commit().ok());
  const auto told = second.get();
  ASSERT_FALSE(told.ok());
  EXPECT_EQ(told.error().code, ErrorCode::conflict);
  EXPECT_EQ(number("SELECT count(*) FROM quota.adjustment"), 0);
}

TEST_F(OperatorTest, R6_an_accepted_unprovable_event_counts_exactly_once_as_an_adjustment) {
  const std::int64_t ids[] = {unprovable(5, 900'000'000, 40), unprovable(6, 900'000'000, 2)};
  const auto done = accept_unprovable(store_, decision_, ids, soon());
  ASSERT_TRUE(done.ok()) << done.error().text();
  EXPECT_EQ(done->worth, "acme/requests 2, acme/tokens 42");
  EXPECT_EQ(number("SELECT sum(units) FROM quota.adjustment WHERE meter = 'tokens' AND close_id "
                   "IS NULL AND bucket_us = 900000000"),
            42);
  EXPECT_EQ(accept_unprovable(store_, decision_, ids, soon()).error().code, ErrorCode::conflict);
  EXPECT_EQ(number("SELECT count(*) FROM quota.adjustment"), 4);
  EXPECT_EQ(number("SELECT n FROM quota.v1_unprovable_count"), 0);
}

TEST_F(OperatorTest, a_discarded_unprovable_event_never_counts) {
  const std::int64_t ids[] = {unprovable(5, 900'000'000, 40)};
  ASSERT_TRUE(discard_unprovable(store_, decision_, ids, soon()).ok());
  EXPECT_EQ(number("SELECT count(*) FROM quota.adjustment"), 0);
  EXPECT_EQ(database_.ask("SELECT resolution FROM quota.unprovable"), "discarded");
  EXPECT_EQ(accept_unprovable(store_, decision_, ids, soon()).error().code, ErrorCode::conflict);
}

TEST_F(OperatorTest, R8_a_decision_waits_for_the_close_that_is_under_way) {
  const std::int64_t ids[] = {unprovable(5, 900'000'000, 40)};
  Connection close = database_.connect();
  ASSERT_TRUE(close.begin(soon()).ok());
  ASSERT_TRUE(close.run("UPDATE quota.frozen SET closed_until_us = 1800000000", soon()).ok());
  auto waiting = std::async(std::launch::async,
                            [&] { return accept_unprovable(store_, decision_, ids, soon()); });
  ASSERT_TRUE(database_.eventually(
      "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()"));
  EXPECT_EQ(number("SELECT count(*) FROM quota.adjustment"), 0);
  ASSERT_TRUE(close.commit(soon()).ok());
  ASSERT_TRUE(waiting.get().ok());
  // It precedes the next close, and says so.
  EXPECT_EQ(database_.ask("SELECT detail::json->>'closed_until_us' FROM quota.audit"),
            "1800000000");
}

TEST_F(OperatorTest, R7_a_row_is_split_once_and_sent_again_only_where_it_is_open) {
  const std::int64_t id = quarantined(5);
  const std::vector<NewRedrive> children = {{PartitionId{0}, R"({"id":"a"})"},
                                            {PartitionId{3}, R"({"id":"b"})"}};
  const auto split = split_redrive(store_, decision_, id, children, soon());
  ASSERT_TRUE(split.ok()) << split.error().text();
  ASSERT_EQ(split->to_send.size(), 2u);
  EXPECT_EQ(split->to_send[1].partition, PartitionId{3});
  EXPECT_EQ(split->to_send[1].event, R"({"id":"b"})");

  const auto other = split_redrive(store_, decision_, id, children, soon());
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::conflict);

  database_.tell("UPDATE quota.redrive SET state = 'redriven' WHERE id = " +
                 std::to_string(split->to_send[0].id));
  const auto again = split_redrive(store_, decision_, id, {}, soon());
  ASSERT_TRUE(again.ok()) << again.error().text();
  ASSERT_EQ(again->to_send.size(), 1u);
  EXPECT_EQ(again->to_send[0].id, split->to_send[1].id);
  EXPECT_EQ(number("SELECT count(*) FROM quota.redrive"), 2);
  EXPECT_EQ(audits(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM quota.v2_blockers"), 1) << "blocks until both are in";
}

TEST_F(OperatorTest, a_split_into_nothing_is_refused) {
  const auto refused = split_redrive(store_, decision_, quarantined(5), {}, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
}

TEST_F(OperatorTest, R7_discarding_a_parent_discards_what_is_on_its_way) {
  const std::int64_t ids[] = {quarantined(5)};
  const NewRedrive child[] = {{PartitionId{0}, "{}"}};
  ASSERT_TRUE(split_redrive(store_, decision_, ids[0], child, soon()).ok());
  ASSERT_TRUE(discard_quarantine(store_, decision_, ids, soon()).ok());
  EXPECT_EQ(database_.ask("SELECT state FROM quota.redrive"), "discarded");
  EXPECT_EQ(split_redrive(store_, decision_, ids[0], {}, soon()).error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace weir
