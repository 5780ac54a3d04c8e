// The catalogues of the integration tests.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// One tenant, and for each name one customer with one subscription of that name; every request
/// costs `per_unit`.
inline std::string one_price(const std::vector<std::string>& subscriptions,
                             const std::string& period, const std::string& per_unit,
                             std::int64_t from_us) {
  std::string toml = fmt::format(R"([[tenant]]
id = "acme"
[[meter]]
tenant = "acme"
id = "requests"
aggregate = "count"
[[plan]]
tenant = "acme"
id = "metered"
currency = "EUR"
period = "{}"
[[plan.price]]
meter = "requests"
per_unit = "{}"
)",
                                 period, per_unit);
  for (const std::string& id : subscriptions) {
    toml += fmt::format(R"([[customer]]
tenant = "acme"
id = "customer-{0}"
[[subscription]]
tenant = "acme"
id = "{0}"
customer = "customer-{0}"
plan = "metered"
from = "{1}"
)",
                        id, format_rfc3339(from_us));
  }
  return toml;
}

/// For what `weir-ingest generate` makes: meters requests, units and tokens, one plan with a base fee,
/// included units and graduated tiers, a customer for every subscription.
inline std::string for_generated(
    const std::vector<std::pair<std::string, std::string>>& subscriptions,
    const std::string& period, std::int64_t from_us, std::int64_t to_us) {
  std::string toml;
  std::string tenant_before;
  for (const auto& [tenant, id] : subscriptions) {
    if (tenant != tenant_before) {
      toml += fmt::format("[[tenant]]\nid = \"{}\"\n", tenant);
      toml += fmt::format(R"([[meter]]
tenant = "{0}"
id = "requests"
aggregate = "count"
[[meter]]
tenant = "{0}"
id = "units"
aggregate = "sum"
quantity = "units"
[[meter]]
tenant = "{0}"
id = "tokens"
aggregate = "sum"
quantity = "tokens"
[[plan]]
tenant = "{0}"
id = "tiered"
currency = "EUR"
period = "{1}"
base_fee = "5"
[[plan.price]]
meter = "requests"
included = 100
per_unit = "0.0125"
[[plan.price]]
meter = "tokens"
tiers = [{{ up_to = 10000, per_unit = "0.0003" }}, {{ per_unit = "0.00012" }}]
)",
                          tenant, period);
    }
    tenant_before = tenant;
    toml += fmt::format(R"([[customer]]
tenant = "{0}"
id = "c-{1}"
[[subscription]]
tenant = "{0}"
id = "{1}"
customer = "c-{1}"
plan = "tiered"
from = "{2}"
to = "{3}"
)",
                        tenant, id, format_rfc3339(from_us), format_rfc3339(to_us));
  }
  return toml;
}

}  // namespace weir::test
