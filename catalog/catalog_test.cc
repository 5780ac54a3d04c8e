#include "catalog/catalog.h"

#include "catalog/index.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kWhole = R"(
[[tenant]]
id = "acme"
name = "Acme APIs"

[[meter]]
tenant = "acme"
id = "requests"
aggregate = "count"
where = { status_to = 499 }

[[meter]]
tenant = "acme"
id = "tokens"
aggregate = "sum"
quantity = "tokens"

[[plan]]
tenant = "acme"
id = "pro"
currency = "EUR"
period = "month"
time_zone = "Europe/Berlin"
base_fee = "10"

[[plan.price]]
meter = "requests"
included = 1000
per_unit = "0.001"

[[plan.price]]
meter = "tokens"
tiers = [{ up_to = 1000, per_unit = "0.01" }, { per_unit = "0.005" }]

[[plan.quota]]
meter = "requests"
units = 5000

[[plan.rate_limit]]
meter = "requests"
units = 10
per = "1s"
burst = 20

[[customer]]
tenant = "acme"
id = "c1"
name = "Customer One"

[[subscription]]
tenant = "acme"
id = "s1"
customer = "c1"
plan = "pro"
from = "2026-01-01T00:00:00Z"
)";

Catalog whole() {
  CatalogRead read = read_catalog(kWhole, "catalog.toml");
  EXPECT_EQ(format_faults(read.faults), "");
  return read.catalog;
}

std::string faults_of(std::string text) {
  return format_faults(read_catalog(text, "catalog.toml").faults);
}

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kWhole);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(catalog, reads_every_entry_of_the_file) {
  const Catalog c = whole();
  ASSERT_EQ(c.plans.size(), 1u);
  const Plan* plan = c.plan("acme", "pro", 0);
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->base_fee.nanos, 10'000'000'000);
  ASSERT_EQ(plan->prices.size(), 2u);
  EXPECT_EQ(plan->prices[0].included, 1000);
  EXPECT_EQ(plan->prices[1].tiers[0].up_to, 1000);
  EXPECT_EQ(plan->rate_limits[0].per_us, 1'000'000);
  EXPECT_EQ(c.meter("acme", "requests", 0)->filter.status_to, 499);
  EXPECT_NE(c.subscription("acme", "s1"), nullptr);
  EXPECT_EQ(c.subscription("other", "s1"), nullptr);
}

TEST(catalog, canonical_json_reads_back_to_the_same_digest) {
  const Catalog c = whole();
  auto again = read_catalog_json(c.canonical_json());
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->canonical_json(), c.canonical_json());
  EXPECT_EQ(again->digest(), c.digest());
}

TEST(catalog, order_of_entries_does_not_change_the_digest) {
  Catalog c = whole();
  std::reverse(c.meters.begin(), c.meters.end());
  std::reverse(c.plans[0].prices.begin(), c.plans[0].prices.end());
  EXPECT_EQ(c.digest(), whole().digest());
}

TEST(catalog, damaged_stored_json_is_an_integrity_error) {
  EXPECT_EQ(read_catalog_json("{\"tenants\":[]}").error().code, ErrorCode::integrity);
  EXPECT_EQ(read_catalog_json("{").error().code, ErrorCode::integrity);
}

TEST(catalog, all_faults_are_reported_together_with_line_and_key) {
  std::string text = replaced("per_unit = \"0.001\"", "per_unit = 0.001\ncolour = 1");
  text +=
      "\n[[subscription]]\ntenant = \"acme\"\nid = \"s2\"\ncustomer = \"nobody\"\nplan = "
      "\"pro\"\n";
  const std::string faults = faults_of(text);
  EXPECT_THAT(faults, HasSubstr("catalog.toml:29: plan.price.per_unit"));
  EXPECT_THAT(faults, HasSubstr("write it as text in quotes"));
  EXPECT_THAT(faults, HasSubstr("plan.price.colour"));
  EXPECT_THAT(faults, HasSubstr("no customer \"nobody\""));
  EXPECT_THAT(faults, HasSubstr("subscription.from"));
}

TEST(catalog, each_single_fault_is_named) {
  struct Case {
    const char* from;
    const char* to;
    const char* named;
  };
  const Case cases[] = {
      {"currency = \"EUR\"", "currency = \"EURO\"", "unknown currency"},
      {"Europe/Berlin", "Europe/Nowhere", "time_zone"},
      {"period = \"month\"", "period = \"fortnight\"", "period"},
      {"up_to = 1000, ", "", "only the last one has no up_to"},
      {"aggregate = \"sum\"", "aggregate = \"max\"", "must be \"count\" or \"sum\""},
      {"plan = \"pro\"", "plan = \"basic\"", "no plan \"basic\""},
      {"burst = 20", "burst = 0", "must be between"},
      {"included = 1000", "included = -1", "must be between"},
      {"per = \"1s\"", "per = \"often\"", "plan.rate_limit.per"},
      {"[[tenant]]", "[[tenant", "catalog.toml:"},
      {"base_fee = \"10\"", "base_fee = \"10.\"", "digits are missing"},
      {"id = \"tokens\"", "id = \"requests\"", "stands twice"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(faults_of(replaced(c.from, c.to)), HasSubstr(c.named)) << c.to;
  }
}

TEST(catalog, half_a_file_is_faulty_and_never_an_empty_catalogue) {
  for (std::size_t cut = 20; cut < kWhole.size(); cut += 7) {
    CatalogRead read = read_catalog(kWhole.substr(0, cut), "catalog.toml");
    if (read.faults.empty()) {
      EXPECT_TRUE(read_catalog_json(read.catalog.canonical_json()));
    }
  }
  EXPECT_THAT(faults_of(std::string(kWhole.substr(0, kWhole.find("pro\"") + 2))), Not(IsEmpty()));
}

TEST(catalog, the_latest_version_in_force_counts) {
  Catalog c;
  c.meters = {{"t", "m", Meter::Aggregate::count, "", {}, kSinceAlwaysUs},
              {"t", "m", Meter::Aggregate::sum, "units", {}, 100}};
  EXPECT_EQ(c.meter("t", "m", 99)->aggregate, Meter::Aggregate::count);
  EXPECT_EQ(c.meter("t", "m", 100)->aggregate, Meter::Aggregate::sum);
}

TEST(catalog, R8_a_meter_changes_only_ahead_of_time_and_on_a_bucket_edge) {
  Catalog present;
  present.meters = {{"t", "m", Meter::Aggregate::count, "", {}, kSinceAlwaysUs}};
  Catalog next = present;
  next.meters.push_back({"t", "m", Meter::Aggregate::sum, "units", {}, 1000});
  EXPECT_THAT(check_meter_changes(present, next, 1000, 100), IsEmpty());
  EXPECT_EQ(check_meter_changes(present, next, 1001, 100).size(), 1u);
  EXPECT_EQ(check_meter_changes(present, next, 900, 300).size(), 1u);
  EXPECT_EQ(check_meter_changes(present, Catalog{}, 1000, 100).size(), 1u);
  next.meters[0].filter.api = "orders";
  EXPECT_EQ(check_meter_changes(present, next, 1000, 100).size(), 2u);
}

TEST(catalog, diff_names_what_came_went_and_changed) {
  Catalog next = whole();
  next.plans[0].base_fee = Price{0};
  next.customers[0].id = "c2";
  EXPECT_THAT(
      diff_catalogs(whole(), next),
      testing::UnorderedElementsAre("~ plan acme/pro", "- customer acme/c1", "+ customer acme/c2"));
}

TEST(catalog, a_period_is_a_whole_number_of_buckets) {
  Catalog c = whole();
  EXPECT_THAT(check_period_lengths(c, 900'000'000), IsEmpty());
  c.plans[0].period = *parse_period_rule("15s");
  EXPECT_THAT(check_period_lengths(c, 5'000'000), IsEmpty());
  EXPECT_EQ(check_period_lengths(c, 10'000'000).size(), 1u);
}

TEST(catalog, index_finds_a_subscription_under_its_own_tenant_alone) {
  const Catalog c = whole();
  const SubscriptionIndex index(c);
  EXPECT_EQ(index.find("acme", "s1"), &c.subscriptions[0]);
  EXPECT_EQ(index.find("acmes", "1"), nullptr);
}

TEST(price, text_and_value_agree_both_ways) {
  for (const char* text : {"0", "0.000000001", "12", "0.0025", "9000000000.5"}) {
    EXPECT_EQ(format_price(*parse_price(text)), text);
  }
  for (const char* text :
       {"", ".5", "1.", "-1", "+1", "1e3", "1,5", "0.0000000001", "99999999999"}) {
    EXPECT_FALSE(parse_price(text)) << text;
  }
}

}  // namespace
}  // namespace weir
