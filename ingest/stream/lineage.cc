#include "ingest/stream/lineage.h"

#include "base/log.h"

namespace weir {

using Break = std::optional<std::string>;

Result<Break> find_lineage_break(Source& source, const PartitionState& state,
                                 const LogBounds& bounds, Deadline deadline) {
  if (bounds.end < state.next) {
    return Break("log truncated or made anew: it ends at " + std::to_string(bounds.end.value) +
                 ", applied is up to " + std::to_string(state.next.value));
  }
  if (!state.anchor) return Break();
  const std::string at = "anchor at offset " + std::to_string(state.anchor->offset.value);
  if (state.anchor->offset < bounds.start) {
    log_warn("anchor cannot be verified: retention took its record",
             {{"partition", state.partition.value},
              {"anchor", state.anchor->offset.value},
              {"log_start", bounds.start.value}});
    return Break();
  }
  Result<std::optional<Anchor>> found =
      source.anchor_at(state.partition, state.anchor->offset, deadline);
  if (!found) return found.error();
  if (!*found) return Break(at + ": no record stands there any more");
  if ((*found)->digest != state.anchor->digest) {
    return Break(at + ": another record stands there (digest " + (*found)->digest +
                 ", applied was " + state.anchor->digest + ")");
  }
  return Break();
}

}  // namespace weir
