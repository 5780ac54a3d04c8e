// The operators' decisions outside the database: exported from quota.audit as JSON lines, and read
// again by a rebuild (R17).
//
//   {"at_us":…,"actor":"ada","action":"unprovable accept","reason":"…","worth":"…","detail":{…}}
//
// The detail names rows by what they are (address, identity, numbers), never by id alone; its grammar
// is quota/operator/detail.h. Errors: `invalid` with the line's number; the database's.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct PastDecision {
  std::int64_t at_us = 0;
  std::string actor, action, reason, worth;
  std::string detail;  // JSON
};

/// Its line.
std::string write_decision(const PastDecision& decision);
/// In the order in which they were made.
Result<std::string> export_decisions(Connection& connection, Deadline deadline);
Result<std::vector<PastDecision>> read_decisions(std::string_view lines);

}  // namespace weir
