// Whole runs: what is charged, what is held, what a second run and a crashed run leave to do.
#include "billing/cycle.h"

#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

class Cycle : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  std::int64_t ledger(const std::string& account) {
    return world_.count(
        "select coalesce(sum(case when debit = '" + account +
        "' then amount_minor else -amount_minor end), 0)::bigint from billing.ledger_entry "
        "where '" +
        account + "' in (debit, credit)");
  }
  World world_;
};

TEST_F(Cycle, charges_each_customer_once_for_fees_and_graduated_usage) {
  world_.event("sub-1", hour(0, 5), 25);              // 10 included, 15 x 0.10
  world_.event("sub-2", hour(0, 20), 35);             // 10 included, 20 x 0.10, 5 x 0.03
  world_.event("sub-2", hour(0, 21), 499, "tokens");  // 0.499 → 0.50
  const CycleReport report = world_.run_at(hour(1));
  EXPECT_EQ(report.exit(), ExitCode::done);
  EXPECT_EQ(report.charges.succeeded, 2);
  // ann: 2 x (5.00, requests, tokens): 1.50 + 2.15 + 0.50 and the fees.
  EXPECT_EQ(world_.invoices(), (Lines{"ann 6 1415", "bob 3 500"}));
  EXPECT_EQ(world_.provider().taken_minor(), 1915);
  EXPECT_EQ(ledger("receivable/acme/ann"), 0);
  EXPECT_EQ(ledger("cash/acme"), 1915);
  EXPECT_EQ(ledger("revenue/acme"), -1915);
}

TEST_F(Cycle, the_same_run_again_charges_nothing) {
  world_.event("sub-1", hour(0, 5), 25);
  world_.run_at(hour(1));
  const CycleReport again = world_.run_at(hour(1));
  EXPECT_EQ(again.exit(), ExitCode::done);
  EXPECT_EQ(again.invoices, 0);
  EXPECT_EQ(again.charges.succeeded, 0);
  EXPECT_EQ(world_.provider().calls(), 2);
}

TEST_F(Cycle, closes_at_the_latest_edge_whether_or_not_anything_is_due) {
  EXPECT_EQ(world_.run_at(hour(0, 15)).invoices, 0);
  EXPECT_EQ(world_.closed_until(), hour(0, 15));
  EXPECT_EQ(world_.run_at(hour(1)).invoices, 2);
}

TEST_F(Cycle, a_stopped_consumer_holds_every_due_period_and_charges_nobody) {
  world_.event("sub-1", hour(0, 5), 25);
  world_.consume(false);
  World& world = world_;
  PostgresGateStore store(world.schemas().billing());
  GateOptions impatient;
  impatient.wait = Micros(0);
  Gate gate(store, world.stream(), world.stream(), impatient, [](Micros) {});
  CycleParts usual = world.parts();
  CycleParts parts{gate,       usual.closes, usual.bills,    usual.charges,
                   usual.held, usual.eye,    usual.provider, {}};

  world.set_clock(hour(1) + 10 * kMinuteUs);
  const auto held = run_cycle(parts);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->exit(), ExitCode::held);
  ASSERT_EQ(held->held.size(), 3u);
  EXPECT_EQ(held->held[0].customer, "ann");
  EXPECT_EQ(held->held[0].reason, "behind");
  EXPECT_EQ(held->held[0].first_seen_us, world.clock());
  EXPECT_EQ(world.provider().calls(), 0);
  EXPECT_EQ(world.count("select count(*) from billing.invoice"), 0);

  // An hour later: three more, and the first ones keep the moment they were first seen.
  world.set_clock(hour(2) + 10 * kMinuteUs);
  const auto still = run_cycle(parts);
  ASSERT_EQ(still->held.size(), 6u);
  EXPECT_EQ(still->held[0].first_seen_us, hour(1) + 10 * kMinuteUs);
  EXPECT_EQ(still->held[0].last_seen_us, world.clock());

  // The consumer is back: exactly those are charged, once, and nothing is held any more.
  world.catch_up();
  const auto done = run_cycle(parts);
  EXPECT_EQ(done->exit(), ExitCode::done);
  EXPECT_TRUE(done->held.empty());
  EXPECT_EQ(world.count("select count(*) from billing.held where resolved_at_us is null"), 0);
  EXPECT_EQ(world.count("select count(*) from billing.due_period"), 6);
  EXPECT_EQ(world.provider().taken_minor(), 6 * 500 + 150);
}

TEST_F(Cycle, R9_a_barrier_stands_for_later_attempts_and_a_slow_consumer_is_closed_behind) {
  PostgresGateStore store(world_.schemas().billing());
  GateOptions impatient;
  impatient.wait = Micros(0);
  Gate gate(store, world_.stream(), world_.stream(), impatient, [](Micros) {});
  CycleParts usual = world_.parts();
  CycleParts parts{gate,       usual.closes, usual.bills,    usual.charges,
                   usual.held, usual.eye,    usual.provider, {}};
  world_.set_clock(hour(1) + 10 * kMinuteUs);
  ASSERT_EQ(run_cycle(parts)->exit(), ExitCode::held);
  ASSERT_EQ(run_cycle(parts)->exit(), ExitCode::held);
  EXPECT_EQ(world_.stream().barriers_written(), 2);  // one a partition, not one a run
  world_.catch_up();                                 // as far as the barrier for 01:00
  world_.set_clock(hour(2) + 10 * kMinuteUs);
  const auto report = run_cycle(parts);
  EXPECT_EQ(report->exit(), ExitCode::held);  // 02:00 is not proven
  ASSERT_EQ(report->closed.size(), 1u);
  EXPECT_EQ(report->closed[0].t_us, hour(1));
  EXPECT_EQ(report->charges.succeeded, 2);
  EXPECT_EQ(report->held.size(), 3u);
}

TEST_F(Cycle, a_broker_that_is_away_is_69_and_holds) {
  world_.stream().go_away(true);
  const CycleReport report = world_.run_at(hour(1));
  EXPECT_EQ(report.exit(), ExitCode::unreachable);
  EXPECT_EQ(report.held.size(), 3u);
  EXPECT_EQ(report.held[0].reason, "broker_unreachable");
  EXPECT_EQ(world_.provider().calls(), 0);
}

TEST_F(Cycle, R9_a_barrier_with_an_append_time_off_the_clock_is_not_recorded) {
  world_.stream().skew_append_clock(-6 * kMinuteUs);  // the skew allowed is 5 min
  const CycleReport report = world_.run_at(hour(1));
  EXPECT_EQ(report.exit(), ExitCode::held);
  EXPECT_EQ(report.reasons.front().code, "append_clock");
  EXPECT_EQ(world_.count("select count(*) from billing.barrier"), 0);
  world_.stream().skew_append_clock(0);
  EXPECT_EQ(world_.run_at(hour(1)).exit(), ExitCode::done);
}

TEST_F(Cycle, R12_late_usage_of_an_invoiced_period_makes_one_line_at_the_tiers_price) {
  world_.event("sub-1", hour(0, 5), 25);
  world_.run_at(hour(1));
  world_.event("sub-1", hour(0, 6), 10);  // units 26 to 35: 5 at 0.10, 5 at 0.03
  world_.event("sub-3", hour(1, 6), 11);
  world_.run_at(hour(2));
  EXPECT_EQ(world_.invoices(), (Lines{"ann 6 1150", "bob 3 500", "ann 7 1065", "bob 3 510"}));
  EXPECT_EQ(world_.ask("select units || ' ' || added_units || ' ' || amount_minor from "
                       "billing.invoice_line where kind = 'late'"),
            "35 10 65");
}

TEST_F(Cycle, R12_late_usage_of_a_period_that_is_not_invoiced_yet_joins_it) {
  world_.run_at(hour(0, 30));
  world_.event("sub-1", hour(0, 5), 25);  // frozen bucket, open period
  EXPECT_EQ(world_.count("select count(*) from quota.adjustment"), 1);
  world_.run_at(hour(0, 45));
  EXPECT_EQ(world_.count("select count(*) from quota.adjustment where close_id is null"), 1);
  world_.run_at(hour(1));
  EXPECT_EQ(world_.invoices(), (Lines{"ann 6 1150", "bob 3 500"}));
  EXPECT_EQ(world_.count("select close_id from quota.adjustment"), 3);
}

TEST_F(Cycle, R12_a_subscription_that_ended_gets_an_invoice_of_its_own_for_late_usage) {
  std::string catalog = kHourlyCatalog;
  catalog += "to = 2024-03-01T01:00:00Z\n";  // of sub-3, the last entry
  world_.apply_catalog(catalog);
  world_.run_at(hour(1));
  world_.event("sub-3", hour(0, 59), 20);
  world_.run_at(hour(2));
  EXPECT_EQ(world_.invoices(), (Lines{"ann 6 1000", "bob 3 500", "ann 6 1000", "bob 1 100"}));
}

TEST_F(Cycle, R12_a_late_line_is_priced_by_the_catalogue_that_invoiced_its_period) {
  world_.run_at(hour(1));
  std::string dearer = kHourlyCatalog;
  dearer.replace(dearer.find("per_unit = \"0.10\""), 17, "per_unit = \"9.99\"");
  world_.apply_catalog(dearer);
  world_.event("sub-3", hour(0, 59), 20);
  world_.run_at(hour(2));
  EXPECT_EQ(world_.count("select amount_minor from billing.invoice_line where kind = 'late'"), 100);
}

TEST_F(Cycle, unattributed_usage_is_kept_and_billed_once_its_subscription_is_known) {
  world_.event("sub-9", hour(0, 5), 30);
  world_.run_at(hour(1));
  EXPECT_EQ(world_.count("select sum(units)::bigint from billing.unattributed"), 30);
  world_.event("sub-9", hour(0, 6), 5);  // an adjustment of nobody: waits too
  std::string catalog = kHourlyCatalog;
  catalog +=
      "[[subscription]]\ntenant = \"acme\"\nid = \"sub-9\"\ncustomer = \"bob\"\nplan = \"hourly\"\n"
      "from = 2024-03-01T00:00:00Z\n";
  world_.apply_catalog(catalog);
  world_.run_at(hour(2));
  // Two hours of sub-9 with 35 units in the first, and sub-3's second hour.
  EXPECT_EQ(world_.invoices().back(), "bob 9 1715");
  world_.run_at(hour(3));
  EXPECT_EQ(world_.invoices().back(), "bob 6 1000");
}

TEST_F(Cycle, an_invoice_of_nothing_is_recorded_and_charges_nothing) {
  std::string free_plan = kHourlyCatalog;
  free_plan.replace(free_plan.find("base_fee = \"5\""), 14, "base_fee = \"0\"");
  world_.apply_catalog(free_plan);
  const CycleReport report = world_.run_at(hour(1));
  EXPECT_EQ(report.exit(), ExitCode::done);
  EXPECT_EQ(world_.invoices(), (Lines{"ann 6 0", "bob 3 0"}));
  EXPECT_EQ(world_.count("select count(*) from billing.charge"), 0);
}

TEST_F(Cycle, invoice_numbers_have_no_holes) {
  for (std::int64_t h = 1; h <= 4; ++h) world_.run_at(hour(h));
  EXPECT_EQ(world_.ask("select string_agg(number::text, ' ' order by number) from billing.invoice"),
            "1 2 3 4 5 6 7 8");
  EXPECT_EQ(world_.ask("select id from billing.invoice where number = 1"), "acme-000001");
}

TEST_F(Cycle, R18_a_lost_reply_is_resolved_by_asking_and_never_by_charging_again) {
  world_.provider().fail_next(MemoryProvider::Fault::lost_after);
  world_.provider().hide(true);  // nor can it be asked
  const CycleReport lost = world_.run_at(hour(1));
  EXPECT_EQ(lost.exit(), ExitCode::unreachable);
  EXPECT_EQ(lost.charges.unknown, 1);
  EXPECT_EQ(lost.charges.succeeded, 1);
  world_.provider().hide(false);
  EXPECT_EQ(world_.run_at(hour(1)).exit(), ExitCode::done);
  EXPECT_EQ(world_.provider().calls(), 2);
  EXPECT_EQ(world_.provider().taken_minor(), 1500);
  EXPECT_EQ(ledger("cash/acme"), 1500);
}

TEST_F(Cycle, R18_an_order_that_never_arrived_is_sent_again) {
  world_.provider().fail_next(MemoryProvider::Fault::lost_before);
  EXPECT_EQ(world_.run_at(hour(1)).exit(), ExitCode::unreachable);
  EXPECT_EQ(world_.run_at(hour(1)).exit(), ExitCode::done);
  EXPECT_EQ(world_.provider().taken_minor(), 1500);
}

TEST_F(Cycle, R18_a_provider_that_is_away_costs_a_few_calls_and_the_rest_stays_planned) {
  const auto all_is_away = [&] {
    for (int i = 0; i < 100; ++i) {
      world_.provider().fail_next(MemoryProvider::Fault::lost_before);
    }
    world_.provider().hide(true);
  };
  all_is_away();
  CycleParts parts = world_.parts();
  parts.breaker.failures_max = 3;
  for (std::int64_t h = 1; h <= 3; ++h) {  // two invoices an hour
    world_.set_clock(hour(h) + 10 * kMinuteUs);
    world_.catch_up();
    ASSERT_TRUE(run_cycle(parts));
  }
  EXPECT_EQ(world_.provider().calls(), 3) << "later runs ask what became of those, and stop there";
  const auto stuck = run_cycle(parts);
  EXPECT_EQ(stuck->exit(), ExitCode::unreachable);
  EXPECT_EQ(stuck->charges.unknown, 3);
  EXPECT_EQ(stuck->charges.waiting, 3);
  EXPECT_EQ(world_.ask("select string_agg(state, ' ' order by invoice_id) from billing.charge"),
            "unknown unknown unknown planned planned planned");
  EXPECT_EQ(stuck->charges.problems.size(), 4u);
  EXPECT_EQ(stuck->charges.problems.back(),
            "3 charges wait for the next run: the provider was away 3 times in a row");

  // It is back: what is unknown is asked for first, and each is charged once.
  world_.provider().be_well();
  const auto done = run_cycle(parts);
  EXPECT_EQ(done->exit(), ExitCode::done);
  EXPECT_EQ(done->charges.succeeded, 6);
  EXPECT_EQ(world_.provider().taken(), 6);
  EXPECT_EQ(world_.provider().calls(), 9);
}

TEST_F(Cycle, R18_another_amount_than_was_asked_is_held_and_not_booked) {
  world_.provider().fail_next(MemoryProvider::Fault::other_amount);
  const CycleReport report = world_.run_at(hour(1));
  EXPECT_EQ(report.exit(), ExitCode::held);
  EXPECT_EQ(world_.ask("select state from billing.charge where customer = 'ann'"), "held");
  EXPECT_EQ(ledger("cash/acme"), 500);  // bob's alone
  EXPECT_EQ(ledger("receivable/acme/ann"), 1000);
  EXPECT_EQ(world_.run_at(hour(1)).exit(), ExitCode::done);  // nothing is tried again
  EXPECT_EQ(world_.provider().calls(), 2);
}

TEST_F(Cycle, a_declined_charge_is_owed_and_is_not_tried_again) {
  world_.provider().fail_next(MemoryProvider::Fault::declined);
  const CycleReport report = world_.run_at(hour(1));
  EXPECT_EQ(report.charges.declined, 1);
  world_.run_at(hour(1));
  EXPECT_EQ(world_.provider().calls(), 2);
  EXPECT_EQ(ledger("receivable/acme/ann"), 1000);
}

TEST_F(Cycle, a_catalogue_that_moves_a_period_which_has_begun_is_refused) {
  world_.run_at(hour(1, 15));
  std::string daily = kHourlyCatalog;
  daily.replace(daily.find("period = \"hour\""), 15, "period = \"day\"");
  EXPECT_THROW(world_.apply_catalog(daily), std::runtime_error);
}

}  // namespace
}  // namespace weir
