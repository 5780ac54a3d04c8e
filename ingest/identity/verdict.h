// What the identity index says of an event (R4, R6).
#pragma once

#include <cstdint>

namespace weir {

enum class Verdict : std::uint8_t {
  fresh,
  duplicate,   // its identity is known at a smaller address
  unprovable,  // so late that the index cannot tell: kept apart, once (R6)
  dropped,     // never the index's word: a handler refused the row (R7: its redrive is decided)
};

}  // namespace weir
