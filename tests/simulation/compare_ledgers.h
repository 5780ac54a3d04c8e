// Two usage ledgers of one stream, compared by all that a bill comes from, and by what each close froze.
// What is of a database alone (ids, the times of its own clock) is left out.
#pragma once

#include "tests/simulation/database/memory_database.h"

#include <string>
#include <vector>

namespace weir::simulation {

// Each gives what differs; empty: nothing does.

/// Usage, adjustments and the close that billed each.
std::vector<std::string> compare_money(const Quota& lost, const Quota& rebuilt);
/// What stands aside and how it was decided, numbers, producers, counts.
std::vector<std::string> compare_the_rest(const Quota& lost, const Quota& rebuilt);
/// Freezes each close of `lost` again, from the rows of `rebuilt`: those whose digest is not the
/// certificate's.
std::vector<std::string> compare_closes(const MemoryDatabase& lost, const MemoryDatabase& rebuilt);

}  // namespace weir::simulation
