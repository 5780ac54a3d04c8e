// Storing the catalogue: each applied one is a version; the greatest is in force.
//
// Rule R8: the applying transaction first reads closed_until FOR SHARE; a meter change takes effect at
// a bucket edge at least 10 minutes after the commit, or is refused. The first catalogue is free of
// that rule: before it nothing is counted.
#pragma once

#include "base/result.h"
#include "base/settings.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct AppliedCatalog {
  std::int64_t version = 0;
  std::string digest;
  bool changed = false;       // false: this very catalogue was in force already
  std::vector<Fault> faults;  // not empty: refused, nothing was applied
};

/// The one in force.
Result<std::optional<Catalog>> read_stored_catalog(Connection& connection, Deadline deadline);

Result<AppliedCatalog> apply_catalog(Connection& connection, const Catalog& next,
                                     const std::string& actor, Deadline deadline);

}  // namespace weir
