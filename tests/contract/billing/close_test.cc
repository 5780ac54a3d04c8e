// The close on the real PostgreSQL: its order, its refusals, and what it leaves behind.
#include "billing/close.h"

#include "base/digest.h"
#include "tests/contract/billing/pass_through.h"
#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

class Close : public ::testing::Test {
 protected:
  /// The codes of the reasons why T cannot be closed; nothing may have changed.
  std::vector<std::string> refused(std::int64_t t_us) {
    const CloseOutcome outcome = world_.close_only(t_us);
    EXPECT_EQ(outcome.kind, CloseOutcome::Kind::not_ready);
    EXPECT_EQ(
        world_.count("select count(*) from billing.close where t_us >= " + std::to_string(t_us)),
        0);
    EXPECT_LT(world_.closed_until(), t_us);
    std::vector<std::string> codes;
    for (const Reason& reason : outcome.reasons) codes.push_back(reason.code);
    return codes;
  }
  /// Barrier for T written, recorded and passed.
  void prove(std::int64_t t_us) {
    world_.set_clock(t_us + 10 * kMinuteUs);
    ASSERT_TRUE(world_.gate().prove(t_us)->ready());
  }
  using Codes = std::vector<std::string>;
  World world_;
};

TEST_F(Close, freezes_what_lies_before_T_and_leaves_the_rest) {
  world_.event("sub-1", hour(0, 59), 30);
  world_.event("sub-1", hour(1, 0), 7);
  world_.close(hour(1));
  EXPECT_EQ(world_.closed_until(), hour(1));
  EXPECT_EQ(world_.count("select sum(usage_units)::bigint from billing.snapshot"), 30);
  EXPECT_EQ(world_.count("select count(*) from billing.due_period"), 3);
  world_.close(hour(2));
  EXPECT_EQ(
      world_.count("select sum(usage_units)::bigint from billing.snapshot where close_id = 2"), 7);
}

TEST_F(Close, R11_the_certificate_is_digested_and_names_its_predecessor) {
  const CloseOutcome first = world_.close(hour(1));
  const CloseOutcome second = world_.close(hour(2));
  EXPECT_EQ(first.head.id, 1);
  EXPECT_EQ(second.head.id, 2);
  EXPECT_EQ(world_.ask("select predecessor from billing.close where id = 2"), first.head.digest);
  const std::string certificate = world_.ask("select certificate from billing.close where id = 2");
  EXPECT_EQ(sha256_hex(certificate), second.head.digest);
  EXPECT_NE(certificate.find(first.head.digest), std::string::npos);
  EXPECT_EQ(world_.ask("select bool_and(e <= n and n <= log_end) from billing.close_partition"),
            "t");
}

TEST_F(Close, R11_never_moves_back_the_close_of_an_earlier_T_finds_the_later_one) {
  prove(hour(1));
  world_.close(hour(2));
  const CloseOutcome slow = world_.close_only(hour(1));
  EXPECT_EQ(slow.kind, CloseOutcome::Kind::stands_already);
  EXPECT_EQ(slow.head.t_us, hour(2));
  EXPECT_EQ(world_.closed_until(), hour(2));
  EXPECT_EQ(world_.count("select count(*) from billing.close"), 1);
}

TEST_F(Close, twice_at_the_same_T_is_once) {
  const CloseOutcome first = world_.close(hour(1));
  const CloseOutcome again = world_.close_only(hour(1));
  EXPECT_EQ(again.kind, CloseOutcome::Kind::stands_already);
  EXPECT_EQ(again.head.digest, first.head.digest);
}

TEST_F(Close, R9_without_a_recorded_barrier_nothing_is_closed) {
  world_.event("sub-1", hour(0, 10));
  world_.event("sub-1", hour(0, 10), 1, "requests", 1);
  world_.set_clock(hour(2));
  EXPECT_EQ(refused(hour(1)), (Codes{"no_barrier", "no_barrier"}));
}

TEST_F(Close, R9_no_barrier_is_written_before_the_databases_clock_says_T_plus_G) {
  world_.stream().skew_append_clock(2 * kMinuteUs);  // the broker's clock says so already
  world_.set_clock(hour(1) + 9 * kMinuteUs);
  const Result<Readiness> early = world_.gate().prove(hour(1));
  ASSERT_TRUE(early.ok());
  EXPECT_FALSE(early->ready());
  EXPECT_EQ(world_.stream().barriers_written(), 0);
}

TEST_F(Close, R9_a_barrier_that_is_not_passed_everywhere_keeps_it_open) {
  prove(hour(1));
  world_.tell("update quota.progress set next = next - 1 where partition = 1");
  EXPECT_EQ(refused(hour(1)), (Codes{"behind"}));
}

TEST_F(Close, R9_a_barrier_of_another_incarnation_is_void) {
  prove(hour(1));
  world_.tell("update quota.deployment set incarnation = 2");
  world_.tell(
      "insert into quota.progress select 2, partition, next, anchor_offset, anchor_digest, "
      "0, 0, 0, 0, 0 from quota.progress");
  EXPECT_EQ(refused(hour(1)), (Codes{"no_barrier", "no_barrier"}));
}

TEST_F(Close, too_early_by_the_databases_clock_is_refused) {
  prove(hour(1));
  world_.set_clock(hour(1) + 10 * kMinuteUs - 1);
  EXPECT_EQ(refused(hour(1)), (Codes{"too_early"}));
}

TEST_F(Close, anything_open_blocks_it_until_it_is_resolved) {
  prove(hour(1));
  world_.tell(
      "insert into quota.gap (incarnation, partition, from_offset, to_offset, reason, "
      "opened_at_us) values (1, 0, 5, 9, 'retention', 1)");
  EXPECT_EQ(refused(hour(1)), (Codes{"gap"}));
  world_.tell("update quota.gap set accepted_at_us = 2");
  world_.tell(
      "insert into quota.integrity_flag (kind, incarnation, what, opened_at_us) "
      "values ('lineage', 1, 'anchor differs', 1)");
  EXPECT_EQ(refused(hour(1)), (Codes{"lineage"}));
  world_.tell("update quota.integrity_flag set cleared_at_us = 2");
  EXPECT_EQ(world_.close_only(hour(1)).kind, CloseOutcome::Kind::closed);
}

TEST_F(Close, R11_the_fresh_look_at_the_log_stops_it_when_the_broker_is_away_or_shorter) {
  world_.event("sub-1", hour(0, 10));
  prove(hour(1));
  world_.stream().go_away(true);
  EXPECT_EQ(refused(hour(1)), (Codes{"broker_unreachable"}));
  world_.stream().go_away(false);
  world_.stream().truncate(0, 1);
  EXPECT_EQ(refused(hour(1)), (Codes{"log_shorter"}));
}

TEST_F(Close, R1_a_record_that_is_not_the_one_that_was_applied_stops_it) {
  prove(hour(1));
  world_.stream().rewrite(1, world_.stream().end(1) - 1);
  EXPECT_EQ(refused(hour(1)), (Codes{"anchor_broken"}));
}

TEST_F(Close, R2_another_number_of_partitions_stops_it) {
  prove(hour(1));
  world_.stream().add_partition();
  const Codes codes = refused(hour(1));
  EXPECT_EQ(codes.front(), "partitions_changed");
}

TEST_F(Close, R11_catalogues_that_differ_stop_it) {
  prove(hour(1));
  world_.tell("insert into quota.catalog values (2, 'other', '{}', 1, 'test')");
  EXPECT_EQ(refused(hour(1)), (Codes{"catalog_differs"}));
}

/// A catalogue that nobody checked: both schemas as superuser.
void force_catalog(World& world, const std::string& toml) {
  const Catalog catalog = read_catalog(toml, "test.toml").catalog;
  for (const char* schema : {"quota", "billing"}) {
    world.tell(std::string("insert into ") + schema + ".catalog select 2, '" + catalog.digest() +
               "', $$" + catalog.canonical_json() + "$$, 1, 'test'");
  }
}

TEST_F(Close, what_former_closes_froze_of_a_period_is_never_left_without_an_invoice) {
  world_.event("sub-1", hour(0, 10));
  world_.close(hour(0, 30));
  std::string daily = kHourlyCatalog;
  daily.replace(daily.find("period = \"hour\""), 15, "period = \"day\"");
  force_catalog(world_, daily);
  prove(hour(0, 45));
  const auto outcome = close_at(world_.closes(), world_.stream(), hour(0, 45));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::integrity);
  EXPECT_NE(outcome.error().text().find("would be invoiced by nobody"), std::string::npos);
  EXPECT_EQ(world_.closed_until(), hour(0, 30));
}

TEST_F(Close, another_catalogue_that_keeps_what_is_open_is_no_obstacle) {
  world_.event("sub-1", hour(0, 10));
  world_.close(hour(0, 30));
  std::string dearer = kHourlyCatalog;
  dearer += "[[customer]]\ntenant = \"acme\"\nid = \"zoe\"\nname = \"Zoe\"\n";
  world_.apply_catalog(dearer);
  EXPECT_EQ(world_.close(hour(1)).kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(world_.count("select count(*) from billing.due_period"), 3);
}

/// Forgets what a close invoices.
class Forgetful : public PassThroughClose {
 public:
  using PassThroughClose::PassThroughClose;
  Result<std::vector<InvoicedSpan>> invoiced_spans() override {
    return std::vector<InvoicedSpan>{{"acme", "sub-1", {hour(0), hour(1)}}};
  }
};

TEST_F(Close, what_it_froze_itself_is_never_left_without_an_invoice) {
  world_.event("sub-1", hour(0, 10));
  prove(hour(1));
  WrappedCloses forgetful(world_.closes(), [](std::unique_ptr<CloseTransaction> tx) {
    return std::make_unique<Forgetful>(std::move(tx));
  });
  const auto outcome = close_at(forgetful, world_.stream(), hour(1));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::integrity);
  EXPECT_NE(outcome.error().text().find("1 frozen sums would be"), std::string::npos);
}

TEST_F(Close, a_schema_that_was_replaced_is_an_error_and_no_close) {
  world_.close(hour(1));
  world_.tell("update quota.frozen set closed_until_us = " + std::to_string(hour(3)));
  const auto outcome = close_at(world_.closes(), world_.stream(), hour(2));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::integrity);
}

TEST_F(Close, what_is_written_about_money_cannot_be_changed_or_deleted_by_its_owner) {
  world_.event("sub-1", hour(0, 10), 100);
  world_.run_at(hour(1));
  for (const char* table : {"close", "snapshot", "due_period", "invoice", "invoice_line",
                            "ledger_entry", "charge_event", "barrier", "audit"}) {
    const std::string name = std::string("billing.") + table;
    ASSERT_GT(world_.count("select count(*) from " + name), 0) << name;
    EXPECT_FALSE(world_.try_as_billing("delete from " + name)) << name;
    EXPECT_FALSE(world_.try_as_billing("truncate " + name)) << name;
  }
  EXPECT_FALSE(world_.try_as_billing("update billing.ledger_entry set amount_minor = 1"));
  EXPECT_FALSE(world_.try_as_billing("update billing.invoice set total_minor = 1"));
}

TEST_F(Close, billing_reads_of_quota_what_the_contract_publishes_and_nothing_else) {
  EXPECT_TRUE(world_.try_as_billing("select 1 from quota.v1_usage"));
  EXPECT_FALSE(world_.try_as_billing("select 1 from quota.usage"));
  EXPECT_FALSE(world_.try_as_billing("update quota.frozen set closed_until_us = 1"));
}

}  // namespace
}  // namespace weir
