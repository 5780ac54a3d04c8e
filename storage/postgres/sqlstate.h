// What a SQLSTATE means to the caller.
#pragma once

#include "base/result.h"

#include <string_view>

namespace weir {

/// Of a five-character SQLSTATE; "" (no answer from the server) is `unavailable`.
ErrorCode error_code_of_sqlstate(std::string_view sqlstate);

}  // namespace weir
