// Rating: units → money, pure.
//
//   1,250 units, 1,000 included, tiers {up to 100: 0.01, then 0.005}
//     = 1,000 x 0  +  100 x 0.01  +  150 x 0.005  =  1.75
//
// The steps are exact (128 bits, billionths of the major unit) and are rounded once, for the line
// as a whole: so a line equals the sum of the prices of its single units, rounded once, and grows
// with its units. Tiers count from behind the included units, per period.
#pragma once

#include "base/result.h"
#include "billing/money.h"
#include "catalog/catalog.h"

#include <cstdint>
#include <vector>

namespace weir {

/// So many units at so much each; for people who want to see how a line came about.
struct RatedStep {
  std::int64_t units = 0;
  Price per_unit;
  bool operator==(const RatedStep&) const = default;
};

struct RatedLine {
  MoneyMinor amount;
  std::vector<RatedStep> steps;  // without empty ones; the included units first, at price 0
};

/// Error `invalid`: negative units, no tier for a unit, or an amount beyond 64 bits.
Result<RatedLine> rate_units(const MeterPrice& price, std::int64_t units, int minor_digits);
/// A fee of the period, as minor units.
Result<MoneyMinor> rate_fee(Price fee, int minor_digits);

}  // namespace weir
