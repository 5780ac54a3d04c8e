#include "billing/period.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::int64_t at(std::string_view text) { return *parse_rfc3339(text); }

Plan plan_of(std::string_view period, std::string zone, std::int64_t from_us = kSinceAlwaysUs) {
  Plan plan;
  plan.tenant = "acme";
  plan.id = "pro";
  plan.currency = "EUR";
  plan.period = *parse_period_rule(period);
  plan.time_zone = std::move(zone);
  plan.from_us = from_us;
  return plan;
}

Subscription subscribed(std::string_view from, std::int64_t to_us = kForEverUs) {
  return {"acme", "sub-1", "cust-1", "pro", at(from), to_us};
}

Catalog catalog_of(std::vector<Plan> plans) {
  Catalog catalog;
  catalog.plans = std::move(plans);
  return catalog;
}

std::vector<std::string> text_of(const std::vector<TimeRange>& periods) {
  std::vector<std::string> texts;
  for (const TimeRange& period : periods) {
    texts.push_back(format_rfc3339(period.from_us) + "/" + format_rfc3339(period.to_us));
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Period, the_first_and_the_last_period_of_a_subscription_are_whole) {
  const Catalog catalog = catalog_of({plan_of("month", "UTC")});
  const Subscription sub = subscribed("2026-01-20T10:00:00Z", at("2026-03-02T00:00:00Z"));
  EXPECT_EQ(text_of(*due_periods(catalog, sub, kSinceAlwaysUs, at("2026-12-01T00:00:00Z"))),
            (Texts{"2026-01-01T00:00:00Z/2026-02-01T00:00:00Z",
                   "2026-02-01T00:00:00Z/2026-03-01T00:00:00Z",
                   "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z"}));
  EXPECT_TRUE(*period_of(catalog, sub, at("2026-01-01T00:00:00Z")));
  EXPECT_FALSE(*period_of(catalog, sub, at("2025-12-31T23:59:59Z")));
  EXPECT_TRUE(*period_of(catalog, sub, at("2026-03-31T23:59:59Z")));
  EXPECT_FALSE(*period_of(catalog, sub, at("2026-04-01T00:00:00Z")));
}

TEST(Period, a_subscription_that_ends_on_an_edge_has_no_period_behind_it) {
  const Catalog catalog = catalog_of({plan_of("month", "UTC")});
  const Subscription sub = subscribed("2026-01-01T00:00:00Z", at("2026-02-01T00:00:00Z"));
  EXPECT_EQ(due_periods(catalog, sub, kSinceAlwaysUs, at("2026-12-01T00:00:00Z"))->size(), 1u);
}

TEST(Period, a_period_is_due_exactly_when_T_reaches_its_end) {
  const Catalog catalog = catalog_of({plan_of("month", "UTC")});
  const Subscription sub = subscribed("2026-01-01T00:00:00Z");
  const std::int64_t end = at("2026-02-01T00:00:00Z");
  EXPECT_TRUE(due_periods(catalog, sub, kSinceAlwaysUs, end - 1)->empty());
  EXPECT_EQ(due_periods(catalog, sub, kSinceAlwaysUs, end)->size(), 1u);
}

TEST(Period, months_follow_the_plans_zone_across_the_clock_change) {
  const Catalog catalog = catalog_of({plan_of("month", "Europe/Berlin")});
  const Subscription sub = subscribed("2026-03-15T00:00:00Z");
  EXPECT_EQ(text_of(*due_periods(catalog, sub, kSinceAlwaysUs, at("2026-05-15T00:00:00Z"))),
            (Texts{"2026-02-28T23:00:00Z/2026-03-31T22:00:00Z",
                   "2026-03-31T22:00:00Z/2026-04-30T22:00:00Z"}));
}

TEST(Period, since_skips_what_was_invoiced_before) {
  const Catalog catalog = catalog_of({plan_of("5s", "UTC")});
  const Subscription sub = subscribed("2026-01-01T00:00:00Z");
  EXPECT_EQ(
      text_of(*due_periods(catalog, sub, at("2026-01-01T00:00:10Z"), at("2026-01-01T00:00:19Z"))),
      (Texts{"2026-01-01T00:00:10Z/2026-01-01T00:00:15Z"}));
}

TEST(Period, a_new_rule_cuts_the_period_so_that_periods_meet_and_never_overlap) {
  const std::int64_t change = at("2026-02-10T00:00:00Z");
  const Catalog catalog = catalog_of({plan_of("month", "UTC"), plan_of("day", "UTC", change)});
  const Subscription sub = subscribed("2026-02-01T00:00:00Z");
  EXPECT_EQ(text_of(*due_periods(catalog, sub, kSinceAlwaysUs, at("2026-02-12T00:00:00Z"))),
            (Texts{"2026-02-01T00:00:00Z/2026-02-10T00:00:00Z",
                   "2026-02-10T00:00:00Z/2026-02-11T00:00:00Z",
                   "2026-02-11T00:00:00Z/2026-02-12T00:00:00Z"}));
}

TEST(Period, a_new_price_leaves_the_period_whole_and_counts_from_the_next_one) {
  Plan dearer = plan_of("month", "UTC", at("2026-02-10T00:00:00Z"));
  dearer.base_fee = Price{7};
  const Catalog catalog = catalog_of({plan_of("month", "UTC"), dearer});
  const Subscription sub = subscribed("2026-02-01T00:00:00Z");
  const auto due = *due_periods(catalog, sub, kSinceAlwaysUs, at("2026-04-01T00:00:00Z"));
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(plan_of_period(catalog, sub, due[0])->base_fee.nanos, 0);
  EXPECT_EQ(plan_of_period(catalog, sub, due[1])->base_fee.nanos, 7);
}

TEST(Period, every_moment_of_the_span_lies_in_exactly_one_due_period) {
  const Catalog catalog = catalog_of({plan_of("week", "America/New_York"),
                                      plan_of("day", "Asia/Tokyo", at("2026-03-05T10:00:00Z"))});
  const Subscription sub = subscribed("2026-02-20T00:00:00Z", at("2026-03-20T00:00:00Z"));
  const auto due = *due_periods(catalog, sub, kSinceAlwaysUs, at("2026-05-01T00:00:00Z"));
  const TimeRange span = **subscription_span(catalog, sub);
  EXPECT_EQ(due.front().from_us, span.from_us);
  EXPECT_EQ(due.back().to_us, span.to_us);
  for (std::size_t i = 1; i < due.size(); ++i) EXPECT_EQ(due[i - 1].to_us, due[i].from_us);
  for (std::int64_t t = span.from_us; t < span.to_us; t += 900 * kMicrosPerSecond) {
    const auto period = *period_of(catalog, sub, t);
    ASSERT_TRUE(period);
    EXPECT_EQ(std::count(due.begin(), due.end(), *period), 1) << format_rfc3339(t);
  }
}

}  // namespace
}  // namespace weir
