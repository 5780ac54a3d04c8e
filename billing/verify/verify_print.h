// What `weir-billing verify` prints: for people ending in `same` or a table of differences, for
// machines as one JSON object.
#pragma once

#include "billing/verify/verify.h"

#include <string>

namespace weir {

std::string verify_text(const VerifyReport& report);
std::string verify_json(const VerifyReport& report);

/// Shared with --from-stream: the table of differences and its JSON list.
std::string differences_text(const Differences& found);
std::string differences_json(const Differences& found);

}  // namespace weir
