// R1: is this still the log that was applied?
#pragma once

#include "base/result.h"
#include "ingest/stream/handler.h"
#include "ingest/stream/source.h"

#include <optional>
#include <string>

namespace weir {

/// What shows that the log is another one, or nullopt when nothing does: it ends below what was
/// applied, or the record at the stored anchor is gone or differs. An anchor that retention took
/// proves nothing either way; that is logged. Error `unavailable`: could not be found out.
Result<std::optional<std::string>> find_lineage_break(Source& source, const PartitionState& state,
                                                      const LogBounds& bounds, Deadline deadline);

}  // namespace weir
