// The charge key (R18): a digest of what is charged, never a serial number. Whoever tries to charge
// the same thing twice, after whatever crash, arrives at the same key, and the provider drops it.
#pragma once

#include "base/calendar.h"

#include <compare>
#include <string>
#include <vector>

namespace weir {

/// A period of a subscription; the tenant is part of the subscription's name.
struct PeriodKey {
  std::string tenant;
  std::string subscription;
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
  auto operator<=>(const PeriodKey&) const = default;
};

struct Charged {
  std::string close_digest;  // hex, of the certificate
  std::string tenant;
  std::string customer;
  std::string kind;                // "usage"
  std::vector<PeriodKey> periods;  // in any order; doubles count once
  int revision = 1;
};
/// Hex SHA-256 over length-prefixed fields: no two things give the same bytes.
std::string charge_key(const Charged& charged);

}  // namespace weir
