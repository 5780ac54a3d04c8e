// The close (R11): the one transaction that freezes everything before T.
//
// Whatever it cannot prove makes it end without a trace, with its reasons. A close is never repeated:
// when T or a later moment is closed already, the one that stands is the answer.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/close_store.h"
#include "billing/override.h"
#include "billing/stream_eye.h"

#include <vector>

namespace weir {

struct CloseOptions {
  Micros timeout = std::chrono::seconds(60);      // of the transaction
  Micros look_timeout = std::chrono::seconds(5);  // of the fresh look: ingest waits meanwhile
  Profile profile = Profile::development;
  Micros hold_max = std::chrono::hours(7 * 24);
};

struct CloseOutcome {
  enum class Kind { closed, stands_already, not_ready };
  Kind kind = Kind::not_ready;
  CloseHead head;               // of the close, or of the one that stands
  std::vector<Reason> reasons;  // of not_ready
};

/// Errors: `unavailable` (nothing is closed by this call, or the reply was lost and the close is not
/// there), `integrity` (stored state contradicts itself), `invalid` (amounts or periods cannot be
/// computed).
Result<CloseOutcome> close_at(CloseStore& store, StreamEye& eye, std::int64_t t_us,
                              const CloseOptions& options = {});

}  // namespace weir
