// The usage ledger is lost at the end of a seed, with its database, and the production rebuild
// (quota/rebuild) fills an empty one from the simulated stream, the exported closes and the exported
// decisions, on a machine of its own with an engine of its own. Then both ledgers are compared, and
// each close is frozen once more from what was rebuilt: its digest must be that of its certificate.
#pragma once

#include "tests/simulation/world.h"

#include <string>
#include <vector>

namespace weir::simulation {

/// A stream that was adopted is refused by a rebuild, and one that lost its beginning cannot give it
/// back: then there is nothing to compare.
bool can_rebuild(World& world);
/// What differs; empty: nothing does. What is about money begins with "rebuilt ", then comes what the
/// rebuild itself says.
std::vector<std::string> rebuild_and_compare(World& world);

}  // namespace weir::simulation
