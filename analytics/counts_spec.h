// POST /v1/counts: how many events each subscription has, counted row by row at an exact vector.
//
//   {"from":"2026-03-01T00:00:00Z","to":"2026-03-01T01:00:00Z","incarnation":1,"vector":[7,0,12]}
//
// Counted are rows with event time in [from, to) whose address lies below the vector: offset below
// vector[partition] in this incarnation, or any address of an older one. The cross-check of billing
// compares them with what the usage ledger counted at the same vector.
#pragma once

#include "analytics/engine.h"
#include "base/calendar.h"
#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// Error `invalid` names the member that is wrong.
Result<CountsSpec> counts_of_json(const std::string& body);

/// {"tenant":…,"from":…,"to":…,"incarnation":…,"reached":true,"next":[…],"expired_events":0,
///  "rows":[{"subscription":"sub-1","requests":7,"unprovable":0}]}, rows by subscription.
std::string counts_json(const std::string& tenant, const CountsSpec& spec,
                        const CountsAnswer& answer);

}  // namespace weir
