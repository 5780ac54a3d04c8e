#include "billing/rating.h"

#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

Price price(std::string_view text) { return *parse_price(text); }

MeterPrice graduated() {
  return {"requests", 1000, {{100, price("0.01")}, {200, price("0.007")}, {{}, price("0.005")}}};
}

std::int64_t cents(const MeterPrice& meter, std::int64_t units) {
  return rate_units(meter, units, 2)->amount.value;
}

TEST(Rating, included_units_cost_nothing_and_tiers_count_from_behind_them) {
  EXPECT_EQ(cents(graduated(), 0), 0);
  EXPECT_EQ(cents(graduated(), 1000), 0);
  EXPECT_EQ(cents(graduated(), 1001), 1);
  EXPECT_EQ(cents(graduated(), 1100), 100);
  EXPECT_EQ(cents(graduated(), 1200), 170);
  EXPECT_EQ(cents(graduated(), 1250), 195);
}

TEST(Rating, a_line_is_rounded_once_and_not_once_a_tier) {
  // 0.4 cents in each of three tiers: three roundings would give nothing.
  const MeterPrice meter{"m", 0, {{1, price("0.004")}, {2, price("0.004")}, {{}, price("0.004")}}};
  EXPECT_EQ(cents(meter, 3), 1);
}

TEST(Rating, the_steps_say_how_a_line_came_about) {
  const std::vector<RatedStep> steps = rate_units(graduated(), 1250, 2)->steps;
  const std::vector<RatedStep> expected = {
      {1000, {0}}, {100, price("0.01")}, {100, price("0.007")}, {50, price("0.005")}};
  EXPECT_EQ(steps, expected);
}

TEST(Rating, refuses_negative_units_units_without_a_tier_and_amounts_beyond_64_bits) {
  EXPECT_EQ(rate_units(graduated(), -1, 2).error().code, ErrorCode::invalid);
  const MeterPrice bounded{"m", 0, {{10, price("1")}}};
  EXPECT_EQ(rate_units(bounded, 11, 2).error().code, ErrorCode::invalid);
  const MeterPrice dear{"m", 0, {{{}, Price{kMost}}}};
  EXPECT_EQ(rate_units(dear, kMost, 2).error().code, ErrorCode::invalid);
}

TEST(Rating, a_fee_is_rounded_to_the_currency) {
  EXPECT_EQ(rate_fee(price("19.995"), 2)->value, 2000);
  EXPECT_EQ(rate_fee(price("19.994999999"), 2)->value, 1999);
}

/// Any price list: up to four tiers, any included units.
MeterPrice any_price() {
  MeterPrice meter{"m", *rc::gen::inRange<std::int64_t>(0, 300), {}};
  std::int64_t up_to = 0;
  const int bounded = *rc::gen::inRange(0, 4);
  for (int i = 0; i < bounded; ++i) {
    up_to += *rc::gen::inRange<std::int64_t>(1, 120);
    meter.tiers.push_back({up_to, Price{*rc::gen::inRange<std::int64_t>(0, 3'000'000'000)}});
  }
  meter.tiers.push_back({{}, Price{*rc::gen::inRange<std::int64_t>(0, 3'000'000'000)}});
  return meter;
}

/// What the n-th unit of the period (from 1) costs, by looking it up.
std::int64_t nanos_of_unit(const MeterPrice& meter, std::int64_t n) {
  if (n <= meter.included) return 0;
  for (const Tier& tier : meter.tiers) {
    if (!tier.up_to || n - meter.included <= *tier.up_to) return tier.per_unit.nanos;
  }
  return -1;
}

RC_GTEST_PROP(Rating, tiers_equal_the_sum_over_single_units_rounded_once, ()) {
  const MeterPrice meter = any_price();
  const std::int64_t units = *rc::gen::inRange<std::int64_t>(0, 900);
  const int digits = *rc::gen::element(0, 2, 3);
  Int128 nanos = 0;
  for (std::int64_t n = 1; n <= units; ++n) nanos += nanos_of_unit(meter, n);
  RC_ASSERT(rate_units(meter, units, digits)->amount == *round_to_minor(nanos, digits));
}

RC_GTEST_PROP(Rating, more_units_never_cost_less, ()) {
  const MeterPrice meter = any_price();
  const std::int64_t units = *rc::gen::inRange<std::int64_t>(0, 2000);
  const std::int64_t more = units + *rc::gen::inRange<std::int64_t>(0, 2000);
  RC_ASSERT(rate_units(meter, units, 2)->amount <= rate_units(meter, more, 2)->amount);
}

RC_GTEST_PROP(Rating, any_units_at_any_price_give_an_amount_or_an_error, ()) {
  const MeterPrice meter{"m",
                         0,
                         {{5, Price{*rc::gen::inRange<std::int64_t>(0, kMost)}},
                          {{}, Price{*rc::gen::inRange<std::int64_t>(0, kMost)}}}};
  const std::int64_t units = *rc::gen::inRange<std::int64_t>(0, kMost);
  const Result<RatedLine> line = rate_units(meter, units, 2);
  if (line) RC_ASSERT(line->amount.value >= 0);
  if (!line) RC_ASSERT(line.error().code == ErrorCode::invalid);
}

}  // namespace
}  // namespace weir
