// Overrides on the real PostgreSQL: who may put a word in a proof's place, for what, and what it leaves.
#include "billing/override_store.h"
#include "billing/print.h"
#include "tests/contract/billing/pass_through.h"
#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

class Overrides : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.register_producer("gw-1");
    world_.set_clock(hour(1, 10));
  }
  Result<CheckedOverride> add(const OverrideRequest& request) {
    auto lease = world_.schemas().billing().acquire(soon());
    if (!lease) return lease.error();
    return add_override(**lease, request, soon());
  }
  Status revoke(std::int64_t id, const std::string& by, const std::string& reason) {
    auto lease = world_.schemas().billing().acquire(soon());
    if (!lease) return lease.error();
    return revoke_override(**lease, id, by, reason, soon());
  }
  World world_;
};

OverrideRequest unsealed_until(const std::string& until) {
  return {"unsealed", "gw-1", until, "", "ann", "its disk burned"};
}

TEST_F(Overrides, a_named_word_lets_the_close_go_on_and_stands_on_its_certificate) {
  EXPECT_EQ(world_.run_at(hour(1)).reasons.at(0).code, "unsealed");
  const auto added = add(unsealed_until("2024-03-01T01:00:00Z"));
  ASSERT_TRUE(added) << added.error().text();
  const CycleReport report = world_.run_at(hour(1));
  ASSERT_EQ(report.closed.size(), 1u);
  const std::string certificate = world_.ask("select certificate from billing.close");
  EXPECT_NE(certificate.find("\"by\":\"ann\",\"reason\":\"its disk burned\""), std::string::npos);
  EXPECT_EQ(world_.ask("select actor || ' ' || action || ' ' || reason || ' ' || (worth <> '') "
                       "from billing.audit where action = 'override add'"),
            "ann override add its disk burned true");
  EXPECT_EQ(world_.run_at(hour(2)).reasons.at(0).code, "unsealed") << "it was for one T";
}

TEST_F(Overrides, the_period_that_is_held_can_be_named_and_a_run_closes_at_its_end) {
  (void)world_.run_at(hour(1));
  OverrideRequest request = unsealed_until("");
  request.period = "2024-03-01T00:00:00Z/2024-03-01T01:00:00Z";
  ASSERT_TRUE(add(request));
  const CycleReport report = world_.run_at(hour(1, 45));  // for which nobody vouches
  ASSERT_EQ(report.closed.size(), 1u);
  EXPECT_EQ(report.closed[0].t_us, hour(1));
  EXPECT_EQ(report.reasons.at(0).code, "unsealed");
  EXPECT_EQ(world_.invoices().size(), 2u);
}

TEST_F(Overrides, of_two_that_reach_differently_far_a_run_closes_where_both_do) {
  world_.register_producer("gw-2");
  world_.set_clock(hour(1, 25));
  ASSERT_TRUE(add(unsealed_until("2024-03-01T01:00:00Z")));
  OverrideRequest farther = unsealed_until("2024-03-01T01:15:00Z");
  farther.producer = "gw-2";
  ASSERT_TRUE(add(farther));
  const CycleReport report = world_.run_at(hour(1, 45));
  ASSERT_EQ(report.closed.size(), 1u);
  EXPECT_EQ(report.closed[0].t_us, hour(1));
}

class CompactedEye : public StreamEye {
 public:
  explicit CompactedEye(StreamEye& real) : real_(real) {}
  Result<StreamLook> look(Deadline deadline) override {
    auto look = real_.look(deadline);
    if (look) look->cleanup_policy = "compact,delete";
    return look;
  }
  Result<std::optional<std::string>> digest_at(std::int32_t partition, std::int64_t offset,
                                               Deadline deadline) override {
    return real_.digest_at(partition, offset, deadline);
  }

 private:
  StreamEye& real_;
};

TEST(ConfigurationOverride, up_to_a_moment_lets_a_later_run_close_at_the_last_edge_before_it) {
  World world;
  world.set_clock(hour(1, 17));
  {
    auto lease = world.schemas().billing().acquire(soon());
    ASSERT_TRUE(lease);
    ASSERT_TRUE(add_override(
        **lease, {"cleanup_policy", "", "2024-03-01T01:07:00Z", "", "ann", "it is small"}, soon()));
  }
  CompactedEye eye(world.stream());
  PostgresGateStore store(world.schemas().billing());
  Gate gate(store, eye, world.stream(), GateOptions{}, [&](Micros) { world.catch_up(); });
  world.set_clock(hour(1, 55));
  CycleParts parts{
      gate, world.closes(), world.bills(), world.charges(), world.held(), eye, world.provider(),
      {}};
  const auto report = run_cycle(parts);
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_EQ(report->closed.size(), 1u);
  EXPECT_EQ(report->closed[0].t_us, hour(1));
  EXPECT_EQ(most_urgent(report->reasons).code, "cleanup_policy");
}

/// Somebody tries to revoke an override as soon as the close has read it.
class RevokedMeanwhile : public PassThroughClose {
 public:
  RevokedMeanwhile(std::unique_ptr<CloseTransaction> real, std::function<void()> revoke)
      : PassThroughClose(std::move(real)), revoke_(std::move(revoke)) {}
  Result<std::vector<Override>> overrides() override {
    auto found = real_->overrides();
    revoke_();
    return found;
  }

 private:
  std::function<void()> revoke_;
};

TEST_F(Overrides, none_is_revoked_between_a_closes_look_at_them_and_its_certificate) {
  const auto added = add(unsealed_until("2024-03-01T01:00:00Z"));
  ASSERT_TRUE(added);
  ASSERT_TRUE(world_.gate().prove(hour(1))->ready());
  WrappedCloses closes(world_.closes(), [&](std::unique_ptr<CloseTransaction> tx) {
    return std::make_unique<RevokedMeanwhile>(std::move(tx), [&] {
      auto lease = world_.schemas().billing().acquire(soon());
      ASSERT_TRUE(lease);
      EXPECT_FALSE(revoke_override(**lease, added->made.id, "bob", "a mistake",
                                   Deadline::in(std::chrono::milliseconds(300))));
    });
  });
  const auto closed = close_at(closes, world_.stream(), hour(1));
  ASSERT_TRUE(closed) << closed.error().text();
  EXPECT_EQ(closed->kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(world_.count("select count(*) from billing.override where revokes is not null"), 0);
}

TEST_F(Overrides, a_revoked_word_counts_no_more_and_is_revoked_once) {
  const auto added = add(unsealed_until("2024-03-01T01:00:00Z"));
  ASSERT_TRUE(added);
  EXPECT_FALSE(revoke(added->made.id, "bob", " "));
  EXPECT_FALSE(revoke(99, "bob", "a mistake"));
  ASSERT_TRUE(revoke(added->made.id, "bob", "a mistake"));
  EXPECT_FALSE(revoke(added->made.id, "bob", "a mistake"));
  EXPECT_EQ(world_.run_at(hour(1)).reasons.at(0).code, "unsealed");
}

TEST_F(Overrides, a_wrong_one_is_refused_with_what_is_wrong_and_leaves_nothing) {
  struct Case {
    OverrideRequest request;
    std::string says;
  };
  const std::string t = "2024-03-01T01:00:00Z";
  const std::vector<Case> cases = {
      {{"unsealed", "gw-1", t, "", "", "why"}, "--by"},
      {{"unsealed", "gw-1", t, "", "ann", "  "}, "--reason"},
      {{"behind", "", t, "", "ann", "why"}, "nothing overrides \"behind\""},
      {{"quarantine", "", t, "", "ann", "why"}, "nothing overrides"},
      {{"unsealed", "", t, "", "ann", "why"}, "--producer"},
      {{"unsealed", "gw-9", t, "", "ann", "why"}, "no producer gw-9"},
      {{"unsealed", "gw-1", "", "", "ann", "why"}, "--until"},
      {{"unsealed", "gw-1", "soon", "", "ann", "why"}, "--until"},
      {{"unsealed", "gw-1", "2024-03-01T01:01:00Z", "", "ann", "why"}, "no edge"},
      {{"unsealed", "gw-1", "2024-03-01T02:00:00Z", "", "ann", "why"}, "not due"},
      {{"unsealed", "gw-1", t, t + "/" + t, "ann", "why"}, "give one of them"},
      {{"unsealed", "gw-1", "", t + "/" + t, "ann", "why"}, "no period"},
      {{"unsealed", "gw-1", "", "march", "ann", "why"}, "FROM/TO"},
      {{"numbers_missing", "gw-1", t, "", "ann", "why"}, "does not hold"},
      {{"replication", "gw-1", "", "", "ann", "why"}, "no producer's"}};
  for (const Case& one : cases) {
    const auto added = add(one.request);
    ASSERT_FALSE(added) << one.says;
    EXPECT_NE(added.error().text().find(one.says), std::string::npos) << added.error().text();
  }
  EXPECT_EQ(world_.count("select count(*) from billing.override"), 0);
  EXPECT_EQ(world_.count("select count(*) from billing.audit where action <> 'catalog apply'"), 0);
}

TEST_F(Overrides, the_same_word_twice_is_once) {
  ASSERT_TRUE(add(unsealed_until("2024-03-01T01:00:00Z")));
  const auto again = add(unsealed_until("2024-03-01T01:00:00Z"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
}

TEST_F(Overrides, cannot_be_changed_or_deleted_by_their_owner) {
  ASSERT_TRUE(add(unsealed_until("2024-03-01T01:00:00Z")));
  EXPECT_FALSE(world_.try_as_billing("update billing.override set reason = 'x'"));
  EXPECT_FALSE(world_.try_as_billing("delete from billing.override"));
}

TEST(Replica, R11_a_database_that_may_not_write_is_judged_a_replica_and_gets_no_barrier) {
  World world;
  PostgresOptions read_only = world.schemas().billing_options();
  const std::string role = "-c role=weir_billing";
  read_only.conninfo.replace(read_only.conninfo.find(role), role.size(),
                             role + " -c default_transaction_read_only=on");
  Database database(read_only);
  PostgresGateStore store(database);
  world.set_clock(hour(1, 10));
  Gate gate(store, world.stream(), world.stream(), GateOptions{}, [](Micros) {});
  const auto readiness = gate.prove(hour(1));
  ASSERT_TRUE(readiness) << readiness.error().text();
  EXPECT_EQ(readiness->reasons.at(0).code, "replica");
  EXPECT_EQ(world.stream().barriers_written(), 0);
  PostgresCloseStore closes(database);
  ASSERT_TRUE(world.gate().prove(hour(1))->ready());
  const auto closed = close_at(closes, world.stream(), hour(1));
  ASSERT_TRUE(closed) << closed.error().text();
  EXPECT_EQ(closed->reasons.at(0).code, "replica");
  EXPECT_EQ(world.closed_until(), 0);
}

TEST(Certificate, says_what_was_proven_and_is_shown_whole) {
  World world;
  world.register_producer("gw-1");
  world.seal("gw-1", hour(1), {{1, {3, 0}}});
  world.apply_number("gw-1", 1, 0, 4);
  world.event("sub-1", hour(0, 10), 5);
  world.event("sub-9", hour(0, 20), 7);  // no catalogue knows it
  world.close(hour(1));
  auto lease = world.schemas().billing().acquire(soon());
  ASSERT_TRUE(lease);
  const auto chain = read_certificates(**lease, soon());
  ASSERT_TRUE(chain);
  const std::string& json = chain->at(0).certificate;
  for (const char* part :
       {"\"proof\":\"READY*\"", "\"program\":\"weir ", "\"accepted_when\":\"spool\"",
        "\"numbers\":[{\"epoch\":1,\"partition\":0,\"sealed\":3,\"contiguous\":4}]",
        "\"unattributed_units\":7", "\"overrides\":[]", "\"restamp_window_shortened\":false"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
  }
  const auto text = certificate_text(chain->at(0));
  ASSERT_TRUE(text) << text.error().text();
  EXPECT_NE(text->find("gw-1"), std::string::npos);
  const auto sums = read_unattributed(**lease, soon());
  ASSERT_TRUE(sums);
  ASSERT_EQ(sums->size(), 1u);
  EXPECT_EQ(sums->at(0).subscription, "sub-9");
  EXPECT_EQ(sums->at(0).units, 7);
  EXPECT_EQ(sums->at(0).since_close, 1);
}

}  // namespace
}  // namespace weir
