#include "ingest/stream/handler.h"

#include <algorithm>

namespace weir {

void CommitBatch::clear() {
  ranges.clear();
  rows.clear();
  verdict.clear();
  range_of.clear();
  address.clear();
  append_time.clear();
  quarantined.clear();
  gaps.clear();
  seals.clear();
  redriven.clear();
  sources.clear();
}

Offset PartitionState::first_named() const {
  std::optional<Offset> lowest;
  for (const Generation& generation : generations) {
    if (generation.incarnation != incarnation.value) continue;
    const Offset from{generation.from_offset};
    lowest = lowest ? std::min(*lowest, from) : from;
  }
  return lowest.value_or(Offset{});
}

}  // namespace weir
