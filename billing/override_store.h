// Overrides in the database: made, listed, revoked. Each change is one transaction with its audit row.
//
// Refused (`invalid`, with what is wrong): no name, no reason, a code that nothing can override, a
// producer that is not registered, a T or a period that is unknown, closed already or not due yet, a
// reason that does not hold for that T. `conflict`: an override of the same stands already.
#pragma once

#include "billing/override.h"
#include "billing/standing.h"
#include "storage/postgres/connection.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

struct OverrideRequest {
  std::string code;
  std::string producer;
  std::string until;   // RFC 3339; empty: not said
  std::string period;  // FROM/TO of a held period; empty: not said
  std::string by;
  std::string reason;
};

/// An override as it would be written, and what it is worth.
struct CheckedOverride {
  Override made;
  std::string worth;
};
/// Says nothing: no name, no reason.
bool blank(const std::string& text);
/// Pure: `held_period_ends` are the ends of the held periods that bear the period's name.
Result<CheckedOverride> check_override(const OverrideRequest& request, const Standing& standing,
                                       const std::vector<std::int64_t>& held_period_ends);

Result<CheckedOverride> add_override(Connection& connection, const OverrideRequest& request,
                                     Deadline deadline);
/// `not_found`, or `conflict` when it is revoked already.
Status revoke_override(Connection& connection, std::int64_t id, const std::string& by,
                       const std::string& reason, Deadline deadline);

struct StoredOverride {
  Override made;
  std::string revoked_by;  // empty: it stands
  std::string revoked_reason;
  std::int64_t revoked_at_us = 0;
};
/// All, by id.
Result<std::vector<StoredOverride>> read_all_overrides(Connection& connection, Deadline deadline);

}  // namespace weir
