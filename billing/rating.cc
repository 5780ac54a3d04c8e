#include "billing/rating.h"

#include <algorithm>
#include <limits>

namespace weir {

Result<RatedLine> rate_units(const MeterPrice& price, std::int64_t units, int minor_digits) {
  if (units < 0) return Error{ErrorCode::invalid, "units of " + price.meter + " are negative", ""};
  RatedLine line;
  const std::int64_t included = std::min(units, std::max<std::int64_t>(price.included, 0));
  if (included > 0) line.steps.push_back({included, Price{0}});
  const std::int64_t billable = units - included;
  std::int64_t rated = 0;
  Int128 nanos = 0;  // below 2^126: units and prices are below 2^63, and each unit is in one tier
  for (const Tier& tier : price.tiers) {
    const std::int64_t until =
        std::min(billable, tier.up_to.value_or(std::numeric_limits<std::int64_t>::max()));
    if (until <= rated) continue;
    line.steps.push_back({until - rated, tier.per_unit});
    nanos += Int128{until - rated} * tier.per_unit.nanos;
    rated = until;
  }
  if (rated < billable) {
    return Error{ErrorCode::invalid,
                 "no tier of " + price.meter + " prices unit " + std::to_string(rated + 1),
                 "end the tiers without up_to"};
  }
  Result<MoneyMinor> amount = round_to_minor(nanos, minor_digits);
  if (!amount) return amount.error().within("amount of meter " + price.meter);
  line.amount = *amount;
  return line;
}

Result<MoneyMinor> rate_fee(Price fee, int minor_digits) {
  return round_to_minor(Int128{fee.nanos}, minor_digits);
}

}  // namespace weir
