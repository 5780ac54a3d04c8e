#include "billing/money.h"

#include "catalog/catalog.h"

#include <limits>

namespace weir {
namespace {

constexpr int kPriceDigits = 9;

Error too_large() { return Error{ErrorCode::invalid, "amount does not fit into 64 bits", ""}; }

std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace

Result<MoneyMinor> checked_add(MoneyMinor a, MoneyMinor b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.value, b.value, &sum)) return too_large();
  return MoneyMinor(sum);
}

Result<MoneyMinor> checked_subtract(MoneyMinor a, MoneyMinor b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.value, b.value, &difference)) return too_large();
  return MoneyMinor(difference);
}

Result<MoneyMinor> round_to_minor(Int128 nanos, int minor_digits) {
  WEIR_CHECK(minor_digits >= 0 && minor_digits <= kPriceDigits);
  const Int128 divisor = power_of_ten(kPriceDigits - minor_digits);
  const Int128 rest = nanos % divisor;  // has the sign of nanos
  Int128 minor = nanos / divisor;
  if (2 * (rest < 0 ? -rest : rest) >= divisor) minor += nanos < 0 ? -1 : 1;
  if (minor > std::numeric_limits<std::int64_t>::max() ||
      minor < std::numeric_limits<std::int64_t>::min()) {
    return too_large();
  }
  return MoneyMinor(static_cast<std::int64_t>(minor));
}

std::string decimal_text(MoneyMinor amount, int minor_digits) {
  const bool negative = amount.value < 0;
  // The unsigned negation is right for the least number too.
  const auto magnitude = negative ? 0 - static_cast<std::uint64_t>(amount.value)
                                  : static_cast<std::uint64_t>(amount.value);
  std::string digits = std::to_string(magnitude);
  const auto fraction = static_cast<std::size_t>(minor_digits);
  if (digits.size() <= fraction) {
    digits = std::string(fraction + 1 - digits.size(), '0') + digits;
  }
  if (fraction > 0) digits.insert(digits.end() - static_cast<std::ptrdiff_t>(fraction), '.');
  if (negative) digits.insert(digits.begin(), '-');
  return digits;
}

std::string format_money(const Money& money) {
  const Result<int> digits = minor_digits(money.currency);
  if (!digits) return std::to_string(money.minor.value) + " minor " + money.currency;
  return decimal_text(money.minor, *digits) + " " + money.currency;
}

}  // namespace weir
