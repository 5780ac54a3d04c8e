// The producers that number and seal, with what READY* waits for.
#pragma once

#include "base/result.h"
#include "storage/postgres/connection.h"

#include <string>

namespace weir {

/// Oldest seal first; those that ended only with `all`.
Result<std::string> print_producers(Connection& connection, bool all, bool json, Deadline deadline);

}  // namespace weir
