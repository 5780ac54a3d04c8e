#include "billing/catalog_store.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::int64_t at(std::string_view text) { return *parse_rfc3339(text); }

Plan plan_of(std::string_view period, std::int64_t from_us = kSinceAlwaysUs) {
  Plan plan;
  plan.tenant = "acme";
  plan.id = "pro";
  plan.period = *parse_period_rule(period);
  plan.time_zone = "UTC";
  plan.from_us = from_us;
  return plan;
}

Catalog monthly() {
  Catalog catalog;
  catalog.plans = {plan_of("month")};
  catalog.subscriptions = {{"acme", "s", "c", "pro", at("2026-01-01T00:00:00Z"), kForEverUs}};
  return catalog;
}

const std::int64_t kFrontier = at("2026-03-10T00:00:00Z");

TEST(BillingCatalog, a_change_from_the_next_period_on_is_accepted) {
  Catalog next = monthly();
  next.plans.push_back(plan_of("day", at("2026-04-01T00:00:00Z")));
  EXPECT_TRUE(check_open_periods(monthly(), next, kFrontier).empty());
}

TEST(BillingCatalog, a_period_that_has_begun_is_neither_cut_nor_moved_nor_dropped) {
  Catalog cut = monthly();
  cut.plans.push_back(plan_of("day", at("2026-03-20T00:00:00Z")));
  Catalog moved = monthly();
  moved.plans[0].time_zone = "Asia/Tokyo";
  Catalog dropped = monthly();
  dropped.subscriptions.clear();
  Catalog ended = monthly();
  ended.subscriptions[0].to_us = at("2026-02-15T00:00:00Z");
  for (const Catalog& next : {cut, moved, dropped, ended}) {
    EXPECT_EQ(check_open_periods(monthly(), next, kFrontier).size(), 1u);
  }
}

TEST(BillingCatalog, between_two_periods_everything_may_change) {
  Catalog next = monthly();
  next.subscriptions.clear();
  EXPECT_TRUE(check_open_periods(monthly(), next, at("2026-03-01T00:00:00Z")).empty());
}

TEST(BillingCatalog, periods_lie_on_the_edges_of_buckets) {
  const std::int64_t bucket = 900 * kMicrosPerSecond;
  Catalog catalog = monthly();
  EXPECT_TRUE(check_period_edges(catalog, bucket).empty());
  catalog.plans[0].period = *parse_period_rule("20m");
  EXPECT_EQ(check_period_edges(catalog, bucket).size(), 1u);
  catalog.plans[0] = plan_of("day", at("2026-03-20T00:07:00Z"));
  EXPECT_EQ(check_period_edges(catalog, bucket).size(), 1u);
}

}  // namespace
}  // namespace weir
