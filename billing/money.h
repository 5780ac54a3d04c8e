// Money: whole minor units (cents) of a currency, and the one place where anything is rounded.
//
// Prices are billionths of the major unit (catalog/catalog.h, Price); a product of units and a
// price is exact in 128 bits and becomes minor units by one rounding, half away from zero. Every
// sum is checked: what does not fit into 64 bits is the error `invalid`, never a wrapped number. No
// `double` anywhere.
#pragma once

#include "base/named.h"
#include "base/result.h"

#include <cstdint>
#include <string>

namespace weir {

/// Minor units of a currency that stands beside it: 1234 of EUR is 12.34 EUR.
using MoneyMinor = Named<struct MoneyMinorTag, std::int64_t>;

struct Money {
  MoneyMinor minor;
  std::string currency;  // ISO 4217
  auto operator<=>(const Money&) const = default;
};

__extension__ using Int128 = __int128;

Result<MoneyMinor> checked_add(MoneyMinor a, MoneyMinor b);
Result<MoneyMinor> checked_subtract(MoneyMinor a, MoneyMinor b);

/// Billionths of the major unit → minor units of a currency with that many digits (0 to 9), rounded
/// half away from zero.
Result<MoneyMinor> round_to_minor(Int128 nanos, int minor_digits);

/// "12.34", "-0.05", "1200" (no digits): exact.
std::string decimal_text(MoneyMinor amount, int minor_digits);
/// "12.34 EUR"; an unknown currency prints its minor units: "1234 minor XXX".
std::string format_money(const Money& money);

}  // namespace weir
