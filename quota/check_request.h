// The body of POST /v1/check:
//   {"subscription":"sub-1","costs":[{"meter":"requests","cost":1}]}
#pragma once

#include "base/result.h"
#include "quota/limiter.h"

#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct CheckRequest {
  std::string subscription;
  std::vector<Cost> costs;  // 1 to kCostsMax
};

constexpr std::size_t kCostsMax = 32;

/// Error `invalid` names the field.
Result<CheckRequest> parse_check(std::string_view json);

}  // namespace weir
