#include "billing/readiness.h"

#include "base/time.h"

#include <functional>
#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kT = 1'000 * 15 * kMinute;

/// Two partitions, T = kT proven in both; each test breaks one thing.
Standing proven() {
  Standing standing;
  standing.now_us = kT + 10 * kMinute;
  standing.deployment.cluster_id = "c";
  standing.deployment.partitions = 2;
  standing.deployment.bucket_us = 15 * kMinute;
  standing.deployment.grace_us = 10 * kMinute;
  standing.deployment.permitted_future_us = 5 * kMinute;
  standing.deployment.partitioner = "murmur2";
  standing.deployment.closed_until_us = kT - 15 * kMinute;
  standing.deployment.catalog_digest = "digest";
  standing.progress.resize(2);
  standing.progress[0] = {.partition = 0, .next = 11};
  standing.progress[1] = {.partition = 1, .next = 21};
  standing.barriers = {{kT, 1, 0, 11, standing.now_us, standing.now_us, standing.now_us},
                       {kT, 1, 1, 20, standing.now_us, standing.now_us, standing.now_us}};
  standing.last_close = CloseHead{7, kT - 15 * kMinute, "d"};
  standing.catalog = BillingCatalog{1, "digest", "{}"};
  standing.stream = StreamLook{"c", true, 2, {{0, 11}, {0, 30}}};
  standing.stream->replication = 3;
  return standing;
}

std::vector<std::string> codes(const Standing& standing, std::int64_t t_us = kT) {
  std::vector<std::string> found;
  for (const Reason& reason : judge(standing, t_us).reasons) {
    found.push_back(reason.code + (reason.partition ? std::to_string(*reason.partition) : ""));
  }
  return found;
}
using Codes = std::vector<std::string>;

TEST(Readiness, what_is_proven_everywhere_is_ready) { EXPECT_EQ(codes(proven()), Codes{}); }

TEST(Readiness, one_partition_behind_its_barrier_is_named) {
  Standing standing = proven();
  standing.progress[1].next = 19;
  EXPECT_EQ(codes(standing), Codes{"behind1"});
}

TEST(Readiness, more_traffic_behind_the_barrier_keeps_nobody_waiting) {
  Standing standing = proven();
  standing.stream->partitions[1].end = 1'000'000;
  EXPECT_EQ(codes(standing), Codes{});
}

TEST(Readiness, R9_no_lag_and_no_barrier_is_not_ready) {
  Standing standing = proven();
  standing.barriers.clear();
  standing.progress[1].next = 30;
  EXPECT_EQ(codes(standing), (Codes{"no_barrier0", "no_barrier1"}));
}

TEST(Readiness, R9_a_barrier_of_another_T_or_incarnation_proves_nothing) {
  Standing standing = proven();
  standing.barriers[0].incarnation = 2;
  standing.barriers[1].t_us -= 15 * kMinute;
  EXPECT_EQ(codes(standing), (Codes{"no_barrier0", "no_barrier1"}));
}

TEST(Readiness, each_break_of_lineage_has_its_own_reason) {
  const std::vector<std::pair<std::string, std::function<void(Standing&)>>> breaks = {
      {"other_cluster", [](Standing& s) { s.stream->cluster_id = "d"; }},
      {"partitions_changed", [](Standing& s) { s.deployment.partitions = 3; }},
      {"never_consumed1", [](Standing& s) { s.progress.pop_back(); }},
      {"log_shorter0", [](Standing& s) { s.stream->partitions[0].end = 10; }},
      {"catalog_missing", [](Standing& s) { s.catalog.reset(); }},
      {"catalog_differs", [](Standing& s) { s.catalog->digest = "other"; }},
      {"frontier_differs", [](Standing& s) { s.last_close.reset(); }},
      {"too_early", [](Standing& s) { --s.now_us; }},
      {"replica", [](Standing& s) { s.deployment.replica = true; }},
      {"grace_too_short", [](Standing& s) { s.deployment.delivery_timeout_us = 6 * kMinute; }},
      {"other_topic", [](Standing& s) { s.stream->topic = "another"; }},
      {"lineage1",
       [](Standing& s) {
         s.blockers.push_back({"lineage", 1, 1, "anchor differs", 5});
       }},
      {"gap0",
       [](Standing& s) {
         s.blockers.push_back({"gap", 1, 0, "lost", 5});
       }},
      {"broker_unreachable", [](Standing& s) {
         s.stream = Error{ErrorCode::unavailable, "refused", ""};
       }}};
  for (const auto& [code, broken] : breaks) {
    Standing standing = proven();
    broken(standing);
    EXPECT_EQ(codes(standing), Codes{code});
    for (const Reason& reason : judge(standing, kT).reasons) {
      EXPECT_FALSE(reason.next_action.empty()) << code;
    }
  }
}

TEST(Readiness, T_is_the_latest_edge_at_or_before_now_less_G) {
  const QuotaDeployment deployment = proven().deployment;
  EXPECT_EQ(latest_edge(kT + 10 * kMinute, deployment), kT);
  EXPECT_EQ(latest_edge(kT + 10 * kMinute - 1, deployment), kT - 15 * kMinute);
}

TEST(Readiness, R9_the_greatest_passed_T_is_tried_first) {
  Standing standing = proven();
  const std::int64_t later = kT + 15 * kMinute;
  standing.barriers.push_back({later, 1, 0, 11, 0, 0, 0});
  standing.barriers.push_back({later, 1, 1, 22, 0, 0, 0});  // not passed: next is 21
  EXPECT_EQ(greatest_passed(standing), kT);
  standing.progress[1].next = 22;
  EXPECT_EQ(greatest_passed(standing), later);
  standing.deployment.closed_until_us = later;
  EXPECT_EQ(greatest_passed(standing), std::nullopt);
}

TEST(Readiness, R9_a_barrier_must_bear_a_time_at_or_after_T_plus_G_and_near_the_databases_clock) {
  const QuotaDeployment deployment = proven().deployment;
  const std::int64_t ripe = kT + 10 * kMinute;
  auto wrong = [&](std::int64_t append_us, std::int64_t d0_us, std::int64_t d1_us) {
    return judge_barrier_times({kT, 1, 0, 5, append_us, d0_us, d1_us}, deployment).has_value();
  };
  EXPECT_FALSE(wrong(ripe, ripe, ripe));
  EXPECT_TRUE(wrong(ripe - 1, ripe, ripe));
  EXPECT_FALSE(wrong(ripe, ripe + 5 * kMinute, ripe + 5 * kMinute));
  EXPECT_TRUE(wrong(ripe, ripe + 5 * kMinute + 1, ripe + 6 * kMinute));
  EXPECT_FALSE(wrong(ripe + 6 * kMinute, ripe, ripe + kMinute));
  EXPECT_TRUE(wrong(ripe + 6 * kMinute + 1, ripe, ripe + kMinute));
}

TEST(Readiness, what_a_person_must_mend_comes_before_what_time_mends) {
  Standing standing = proven();
  standing.progress[1].next = 19;
  --standing.now_us;
  standing.blockers.push_back({"gap", 1, 0, "lost", 5});
  const std::vector<Reason> reasons = judge(standing, kT).reasons;
  EXPECT_EQ(most_urgent(reasons).code, "gap");
  std::vector<std::string> order;
  for (const Reason& reason : by_urgency(reasons)) order.push_back(reason.code);
  EXPECT_EQ(order, (Codes{"gap", "behind", "too_early"}));
}

TEST(Readiness, R1_no_barrier_is_written_while_the_lineage_is_open) {
  Standing standing = proven();
  standing.blockers.push_back({"lineage", 1, {}, "", 5});
  EXPECT_FALSE(judge_lineage(standing).empty());
  standing = proven();
  standing.blockers.push_back({"gap", 1, {}, "", 5});
  EXPECT_TRUE(judge_lineage(standing).empty());
}

// A barrier would stand in a topic that is being left, and prove nothing about the other one.
TEST(Readiness, R2_no_barrier_is_written_while_a_move_is_declared) {
  Standing standing = proven();
  standing.blockers.push_back({"move", 1, {}, "from topic a to b, declared by ada", 5});
  ASSERT_EQ(judge_lineage(standing).size(), 1u);
  const Reason reason = judge_lineage(standing).front();
  EXPECT_EQ(reason.code, "move");
  EXPECT_NE(reason.next_action.find("weir-quota move show"), std::string::npos);
  EXPECT_EQ(codes(standing), Codes{"move"});
}

}  // namespace
}  // namespace weir
