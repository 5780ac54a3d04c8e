// Late data, R12 word by word, on the real PostgreSQL.
//
// The plan: 5.00 an hour; requests: 10 included, 20 at 0.10, then 0.03; so 10 cost nothing, 25 cost
// 1.50, 30 cost 2.00, 40 cost 2.30, 100 cost 4.10.
#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/resolve.h"
#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

class Late : public ::testing::Test {
 protected:
  /// "kind units added amount" of the lines of one subscription and hour, in the order of the closes.
  std::string lines(const std::string& subscription, std::int64_t period_us,
                    const std::string& meter = "requests") {
    return world_.ask(
        "select coalesce(string_agg(kind || ' ' || units || ' ' || added_units || ' ' "
        "|| amount_minor, '; ' order by close_id), '') from billing.invoice_line "
        "where subscription = '" +
        subscription + "' and meter = '" + meter +
        "' and period_from_us = " + std::to_string(period_us));
  }
  std::string with_subscription(const std::string& id, const std::string& extra = "") {
    return std::string(kHourlyCatalog) + "[[subscription]]\ntenant = \"acme\"\nid = \"" + id +
           "\"\ncustomer = \"bob\"\nplan = \"hourly\"\nfrom = 2024-03-01T00:00:00Z\n" + extra;
  }
  /// An event that the index could not tell, as the ingest transaction keeps it.
  void keep_unprovable(std::int64_t time_us, std::int64_t units) {
    world_.tell(
        "insert into quota.unprovable (identity, incarnation, partition, record_offset, row, "
        "event_time_us, append_time_us, tenant, subscription, bucket_us, meters, units, "
        "opened_at_us) values (decode(md5('x'), 'hex'), 1, 0, 0, 0, " +
        std::to_string(time_us) + ", 1, 'acme', 'sub-3', " +
        std::to_string(time_us - time_us % (15 * kMinuteUs)) + ", '{requests}', array[" +
        std::to_string(units) + "]::bigint[], 1)");
  }
  Result<Resolution> accept_unprovable_event() {
    PostgresOperatorStore store(world_.schemas().admin());
    const std::vector<std::int64_t> ids = {world_.count("select min(id) from quota.unprovable")};
    return accept_unprovable(store, {"olga", "the customer confirms it"}, ids, soon());
  }
  World world_;
};

TEST_F(Late, R12_two_late_batches_in_two_closes_come_to_the_price_of_all_units) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.run_at(hour(1));
  world_.event("sub-3", hour(0, 6), 10);
  world_.run_at(hour(2));
  world_.event("sub-3", hour(0, 7), 65);
  world_.run_at(hour(3));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 25 150; late 35 10 65; late 100 65 195");
  EXPECT_EQ(world_.count("select sum(amount_minor)::bigint from billing.invoice_line where "
                         "subscription = 'sub-3' and meter = 'requests'"),
            410);
}

TEST_F(Late, R12_batches_of_one_close_make_one_line_a_meter) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.run_at(hour(1));
  world_.event("sub-3", hour(0, 6), 4);
  world_.event("sub-3", hour(0, 50), 6, "requests", 1);
  world_.event("sub-3", hour(0, 50), 9000, "tokens", 1);
  world_.run_at(hour(2));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 25 150; late 35 10 65");
  EXPECT_EQ(lines("sub-3", hour(0), "tokens"), "usage 0 0 0; late 9000 9000 900");
}

TEST_F(Late, R12_included_units_are_used_up_by_late_ones_before_they_cost) {
  world_.event("sub-3", hour(0, 5), 4);
  world_.run_at(hour(1));
  world_.event("sub-3", hour(0, 6), 6);
  world_.run_at(hour(2));
  world_.event("sub-3", hour(0, 7), 1);
  world_.run_at(hour(3));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 4 4 0; late 10 6 0; late 11 1 10");
}

TEST_F(Late, R12_units_applied_behind_a_closes_cut_are_not_known_to_it) {
  world_.event("sub-3", hour(0, 5), 25);
  const CloseOutcome first = world_.close(hour(1));  // closed, not invoiced yet
  world_.event("sub-3", hour(0, 6), 10);             // comes before the invoice is made
  world_.run_at(hour(2));                            // invoices both closes
  EXPECT_EQ(first.head.id, 1);
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 25 150; late 35 10 65");
}

TEST_F(Late, R12_lines_count_as_billed_whatever_became_of_their_invoice) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.event("sub-1", hour(0, 5), 25);
  world_.provider().fail_next(MemoryProvider::Fault::other_amount);  // ann's is held
  world_.run_at(hour(1));
  world_.event("sub-1", hour(0, 6), 10);
  world_.event("sub-3", hour(0, 6), 10);
  world_.provider().fail_next(MemoryProvider::Fault::declined);
  world_.run_at(hour(2));
  world_.event("sub-1", hour(0, 7), 65);
  world_.event("sub-3", hour(0, 7), 65);
  world_.run_at(hour(3));
  EXPECT_EQ(world_.ask("select string_agg(state, ' ' order by invoice_id) from billing.charge"),
            "held succeeded declined succeeded succeeded succeeded");
  const std::string all = "usage 25 25 150; late 35 10 65; late 100 65 195";
  EXPECT_EQ(lines("sub-1", hour(0)), all);
  EXPECT_EQ(lines("sub-3", hour(0)), all);
}

TEST_F(Late,
       R12_after_a_cancellation_late_usage_is_invoiced_alone_even_when_the_catalogue_forgets) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.run_at(hour(1));
  std::string without = kHourlyCatalog;
  without.resize(without.rfind("[[subscription]]"));  // sub-3 is no more
  world_.apply_catalog(without);
  world_.event("sub-3", hour(0, 6), 10);
  world_.run_at(hour(2));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 25 150; late 35 10 65");
  EXPECT_EQ(world_.invoices().back(), "bob 1 65");
  EXPECT_EQ(world_.ask("select customer || ' ' || state from billing.charge order by invoice_id "
                       "desc limit 1"),
            "bob succeeded");
}

TEST_F(Late, R12_the_catalogue_of_a_period_is_the_one_of_the_close_that_first_invoices_it) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.run_at(hour(0, 45));  // freezes the usage, under the first catalogue; invoices nothing
  std::string dearer = kHourlyCatalog;
  dearer.replace(dearer.find("per_unit = \"0.10\""), 17, "per_unit = \"0.20\"");
  world_.apply_catalog(dearer);
  world_.run_at(hour(1));
  std::string cheaper = kHourlyCatalog;
  cheaper.replace(cheaper.find("per_unit = \"0.10\""), 17, "per_unit = \"0.01\"");
  world_.apply_catalog(cheaper);
  world_.event("sub-3", hour(0, 6), 5);
  world_.run_at(hour(2));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 0 300; late 30 5 100");
}

TEST_F(Late, R12_a_subscription_that_it_lacked_goes_by_the_version_frozen_with_its_attribution) {
  world_.event("stranger", hour(0, 5), 25);
  world_.run_at(hour(1));
  world_.apply_catalog(with_subscription("stranger"));
  world_.run_at(hour(2));
  std::string dearer = with_subscription("stranger");
  dearer.replace(dearer.find("per_unit = \"0.10\""), 17, "per_unit = \"9.99\"");
  world_.apply_catalog(dearer);
  world_.event("stranger", hour(0, 6), 5);
  world_.run_at(hour(3));
  EXPECT_EQ(lines("stranger", hour(0)), "usage 25 25 150; late 30 5 50");
  EXPECT_EQ(world_.ask("select close_id || ' ' || catalog_version from billing.due_period where "
                       "subscription = 'stranger' and period_from_us = " +
                       std::to_string(hour(0))),
            "2 2");
}

TEST_F(Late, R12_a_subscription_that_left_and_came_back_is_billed_for_the_time_between_as_well) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.run_at(hour(1));
  std::string without = kHourlyCatalog;
  without.resize(without.rfind("[[subscription]]"));
  world_.apply_catalog(without);
  world_.event("sub-3", hour(1, 5), 30);  // nobody's, for now
  world_.run_at(hour(2));
  world_.apply_catalog(kHourlyCatalog);
  world_.run_at(hour(3));
  EXPECT_EQ(lines("sub-3", hour(1)), "usage 30 30 200");
  EXPECT_EQ(lines("sub-3", hour(2)), "usage 0 0 0");
}

TEST_F(Late, R6_an_accepted_unprovable_event_is_billed_once_as_an_adjustment) {
  world_.event("sub-3", hour(0, 5), 25);
  world_.run_at(hour(1));
  keep_unprovable(hour(0, 20), 10);
  world_.run_at(hour(2));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 25 150");  // blocks nothing, counts nothing
  ASSERT_TRUE(accept_unprovable_event());
  const auto again = accept_unprovable_event();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  world_.run_at(hour(3));
  world_.run_at(hour(4));
  EXPECT_EQ(lines("sub-3", hour(0)), "usage 25 25 150; late 35 10 65");
}

TEST_F(Late, R8_an_acceptance_waits_for_the_close_that_is_under_way) {
  keep_unprovable(hour(0, 20), 10);
  world_.run_at(hour(1));
  auto close = *world_.schemas().admin().acquire(soon());
  ASSERT_TRUE(close->begin(soon()));
  ASSERT_TRUE(
      close->run("select quota.v1_advance_closed_until(" + std::to_string(hour(2)) + ")", soon()));
  PostgresOperatorStore store(world_.schemas().admin());
  const std::vector<std::int64_t> ids = {world_.count("select min(id) from quota.unprovable")};
  const auto impatient =
      accept_unprovable(store, {"olga", "now"}, ids, Deadline::in(std::chrono::milliseconds(300)));
  ASSERT_FALSE(impatient);
  EXPECT_EQ(impatient.error().code, ErrorCode::unavailable);
  EXPECT_EQ(world_.count("select count(*) from quota.adjustment"), 0);
  close->rollback();
  EXPECT_TRUE(accept_unprovable_event());
  EXPECT_EQ(world_.count("select sum(units)::bigint from quota.adjustment"), 10);
}

}  // namespace
}  // namespace weir
