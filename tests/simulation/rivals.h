// The naive rivals: three gates that people use instead of a proof, in the same simulation. Each
// closes T when it believes that everything is in; the rest of billing is the production code.
#pragma once

#include "tests/simulation/simulation.h"

#include <array>
#include <string>

namespace weir::simulation {

enum class Rival {
  newest_is_recent,  // the newest applied event is younger than T
  lag_is_zero,       // every partition is applied up to the high watermark
  wait_one_hour,     // T was an hour ago
};
inline constexpr std::array<Rival, 3> kRivals = {Rival::newest_is_recent, Rival::lag_is_zero,
                                                 Rival::wait_one_hour};
const char* name_of(Rival rival);

WorldHooks hooks_of(Rival rival);

}  // namespace weir::simulation
