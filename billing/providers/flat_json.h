// A JSON object whose values are strings and whole numbers, and nothing else: a line of the file
// provider. {"key":"ab","amount_minor":1234}
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>

namespace weir {

/// Numbers are kept as their digits. Error `invalid` for anything but a flat object.
Result<std::map<std::string, std::string>> parse_flat_json(std::string_view line);

}  // namespace weir
