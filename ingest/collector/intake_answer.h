// The answer to POST /v1/events: what became of each event, in the body's order.
#pragma once

#include "ingest/codec/codec.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct IntakeCounts {
  std::uint32_t accepted = 0;
  std::uint32_t duplicate = 0;
  std::uint32_t rejected = 0;
};

/// `duplicate[i]` says that row i repeats an earlier row of the same body.
IntakeCounts count_intake(const DecodeReport& report, const std::vector<bool>& duplicate);
/// {"accepted":2,"duplicate":0,"rejected":1,"items":[{"index":0,"status":"accepted"},…]}
std::string write_intake_answer(const DecodeReport& report, const std::vector<bool>& duplicate);

/// Rows that repeat an earlier one: the same identity under the same subscription.
void find_repeats(const RequestBatch& batch, std::vector<bool>& duplicate);

}  // namespace weir
