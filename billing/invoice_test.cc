#include "billing/invoice.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kHour = 3'600 * kMicrosPerSecond;

Price price(std::string_view text) { return *parse_price(text); }

/// Tenant acme: plan pro (EUR, 10.00 an hour, two meters); sub-1 and sub-2 of cust-1, sub-3 of
/// cust-2.
Catalog catalog() {
  Catalog catalog;
  Plan plan;
  plan.tenant = "acme";
  plan.id = "pro";
  plan.currency = "EUR";
  plan.period = *parse_period_rule("hour");
  plan.time_zone = "UTC";
  plan.base_fee = price("10");
  plan.prices = {{"requests", 100, {{50, price("0.1")}, {{}, price("0.05")}}},
                 {"tokens", 0, {{{}, price("0.0004")}}}};
  catalog.plans = {plan};
  catalog.subscriptions = {{"acme", "sub-1", "cust-1", "pro", 0, kForEverUs},
                           {"acme", "sub-2", "cust-1", "pro", 0, kForEverUs},
                           {"acme", "sub-3", "cust-2", "pro", 0, kForEverUs}};
  return catalog;
}

class Invoices : public ::testing::Test {
 protected:
  BillablePeriod first(const std::string& sub, std::vector<MeterUnits> meters) {
    return {{"acme", sub, 0, kHour}, true, &catalog_, std::move(meters)};
  }
  BillablePeriod late(const std::string& sub, std::vector<MeterUnits> meters) {
    return {{"acme", sub, 0, kHour}, false, &catalog_, std::move(meters)};
  }
  Catalog catalog_ = catalog();
};

TEST_F(Invoices, a_due_period_bears_its_base_fee_once_and_a_line_for_each_priced_meter) {
  const auto invoices =
      *draft_invoices({first("sub-1", {{"requests", 160, 160, {}}, {"unpriced", 9, 9, {}}})});
  ASSERT_EQ(invoices.size(), 1u);
  ASSERT_EQ(invoices[0].lines.size(), 3u);
  EXPECT_EQ(invoices[0].lines[0].kind, InvoiceLine::Kind::base);
  EXPECT_EQ(invoices[0].lines[0].amount.value, 1000);
  EXPECT_EQ(invoices[0].lines[1].amount.value, 550);  // 50 at 0.1 and 10 at 0.05
  EXPECT_EQ(invoices[0].lines[2].meter, "tokens");
  EXPECT_EQ(invoices[0].lines[2].amount.value, 0);
  EXPECT_EQ(invoices[0].total.value, 1550);
}

TEST_F(Invoices, subscriptions_of_one_customer_share_an_invoice_and_others_have_their_own) {
  const auto invoices =
      *draft_invoices({first("sub-3", {}), first("sub-2", {}), first("sub-1", {})});
  ASSERT_EQ(invoices.size(), 2u);
  EXPECT_EQ(invoices[0].customer, "cust-1");
  EXPECT_EQ(invoices[0].total.value, 2000);
  EXPECT_EQ(invoices[0].periods().size(), 2u);
  EXPECT_EQ(invoices[1].customer, "cust-2");
  EXPECT_EQ(invoices[1].total.value, 1000);
}

TEST_F(Invoices, R12_late_units_cost_what_they_would_have_cost_in_time) {
  // 160 known earlier for 5.50; 40 more fall into the cheaper tier.
  const auto invoices = *draft_invoices({late("sub-1", {{"requests", 200, 40, MoneyMinor(550)}})});
  ASSERT_EQ(invoices.size(), 1u);
  ASSERT_EQ(invoices[0].lines.size(), 1u);
  EXPECT_EQ(invoices[0].lines[0].kind, InvoiceLine::Kind::late);
  EXPECT_EQ(invoices[0].lines[0].amount.value, 200);
  EXPECT_EQ(invoices[0].total.value, 200);
}

TEST_F(Invoices, R12_late_lines_never_lose_fractions_however_they_are_cut) {
  // 0.0004 a token: single late tokens round to nothing, their sum does not.
  std::int64_t billed = 0;
  for (std::int64_t known = 1; known <= 1000; ++known) {
    const auto invoices =
        *draft_invoices({late("sub-1", {{"tokens", known, 1, MoneyMinor(billed)}})});
    billed += invoices[0].total.value;
  }
  EXPECT_EQ(billed, 40);
}

TEST_F(Invoices, R12_a_late_period_without_new_units_says_nothing) {
  EXPECT_TRUE(draft_invoices({late("sub-1", {{"requests", 200, 0, MoneyMinor(750)}})})->empty());
}

TEST_F(Invoices, an_invoice_of_nothing_is_still_an_invoice) {
  catalog_.plans[0].base_fee = Price{0};
  const auto invoices = *draft_invoices({first("sub-1", {})});
  ASSERT_EQ(invoices.size(), 1u);
  EXPECT_EQ(invoices[0].total.value, 0);
}

TEST_F(Invoices, a_subscription_that_its_catalogue_lacks_is_a_broken_invariant) {
  EXPECT_EQ(draft_invoices({first("sub-9", {})}).error().code, ErrorCode::integrity);
}

TEST_F(Invoices, an_amount_beyond_64_bits_is_an_error) {
  EXPECT_EQ(draft_invoices(
                {first("sub-1", {{"tokens", INT64_MAX, 1, {}}, {"requests", INT64_MAX, 1, {}}})})
                .error()
                .code,
            ErrorCode::invalid);
}

TEST(ChargeKey, R18_names_what_is_charged_and_nothing_else) {
  const Charged charged{
      "ab", "acme", "cust-1", "usage", {{"acme", "s", 0, 5}, {"acme", "t", 0, 5}}};
  Charged turned = charged;
  std::swap(turned.periods[0], turned.periods[1]);
  turned.periods.push_back(turned.periods[0]);
  EXPECT_EQ(charge_key(charged), charge_key(turned));
  EXPECT_EQ(charge_key(charged).size(), 64u);
}

TEST(ChargeKey, R18_differs_when_any_part_differs) {
  const Charged charged{"ab", "acme", "cust-1", "usage", {{"acme", "s", 0, 5}}};
  std::vector<Charged> others(7, charged);
  others[0].close_digest = "abc";
  others[1].tenant = "acm";
  others[2].customer = "cust-2";
  others[3].kind = "usag";
  others[4].periods[0].to_us = 6;
  others[5].revision = 2;
  others[6].periods.push_back({"acme", "s", 5, 10});
  for (const Charged& other : others) EXPECT_NE(charge_key(charged), charge_key(other));
}

TEST(ChargeKey, R18_moves_no_byte_from_one_field_to_the_next) {
  EXPECT_NE(charge_key({"a", "bc", "d", "usage", {}}), charge_key({"ab", "c", "d", "usage", {}}));
}

}  // namespace
}  // namespace weir
