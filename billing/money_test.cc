#include "billing/money.h"

#include <gtest/gtest.h>
#include <limits>

namespace weir {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t cents(std::int64_t nanos) { return round_to_minor(Int128{nanos}, 2)->value; }

TEST(Money, half_a_cent_is_rounded_away_from_zero_on_both_sides) {
  EXPECT_EQ(cents(4'999'999), 0);
  EXPECT_EQ(cents(5'000'000), 1);
  EXPECT_EQ(cents(14'999'999), 1);
  EXPECT_EQ(cents(15'000'000), 2);
  EXPECT_EQ(cents(-4'999'999), 0);
  EXPECT_EQ(cents(-5'000'000), -1);
  EXPECT_EQ(cents(-15'000'000), -2);
}

TEST(Money, currencies_without_and_with_three_digits_round_at_their_own_place) {
  EXPECT_EQ(round_to_minor(Int128{1'499'999'999}, 0)->value, 1);
  EXPECT_EQ(round_to_minor(Int128{1'500'000'000}, 0)->value, 2);
  EXPECT_EQ(round_to_minor(Int128{1'234'500'000}, 3)->value, 1235);
  EXPECT_EQ(round_to_minor(Int128{7}, 9)->value, 7);
}

TEST(Money, what_does_not_fit_is_an_error_and_never_a_wrapped_number) {
  const Int128 beyond = Int128{kMost} * 10'000'000 + 5'000'000;
  EXPECT_EQ(round_to_minor(beyond, 2).error().code, ErrorCode::invalid);
  EXPECT_EQ(round_to_minor(Int128{kMost} * 10'000'000, 2)->value, kMost);
  EXPECT_FALSE(checked_add(MoneyMinor(kMost), MoneyMinor(1)));
  EXPECT_FALSE(checked_subtract(MoneyMinor(-kMost), MoneyMinor(2)));
  EXPECT_EQ(checked_add(MoneyMinor(kMost), MoneyMinor(-1))->value, kMost - 1);
}

TEST(Money, is_printed_exactly_with_its_currency) {
  EXPECT_EQ(format_money({MoneyMinor(1234), "EUR"}), "12.34 EUR");
  EXPECT_EQ(format_money({MoneyMinor(5), "EUR"}), "0.05 EUR");
  EXPECT_EQ(format_money({MoneyMinor(-5), "EUR"}), "-0.05 EUR");
  EXPECT_EQ(format_money({MoneyMinor(1234), "JPY"}), "1234 JPY");
  EXPECT_EQ(decimal_text(MoneyMinor(std::numeric_limits<std::int64_t>::min()), 2),
            "-92233720368547758.08");
}

}  // namespace
}  // namespace weir
