// The query of a request's target: "a=1&b=x%20y+z" as decoded names and values.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace weir {

/// Adds what `text` (behind the '?') says; of equal names the last one wins. Nothing is refused: a
/// name without '=' has an empty value, a '%' that begins no code stands for itself.
void parse_query(std::string_view text, std::map<std::string, std::string>& query);

}  // namespace weir
