// One mended event on its way back into the stream (R7), as a line of JSON:
//
//   {"child":17,"partition":3,"event":{"tenant":"acme",…}}
//
// The event goes on as JSON of the same meaning; the consumers decode it.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct RedriveLine {
  std::int64_t child = 0;  // of a quarantine row, >= 1
  std::int32_t partition = 0;
  std::string event;  // a JSON object
};
/// Error `invalid` names the member.
Result<RedriveLine> read_redrive_line(std::string_view line);

}  // namespace weir
