// The known name that a wrong one most likely meant: for error messages.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {

/// By edit distance (insert, remove, replace, swap of neighbours). Nothing when none is near: more
/// than a third of the letters would have to change. Of equally near ones the first.
std::optional<std::string> nearest_name(std::string_view wrong, std::span<const std::string> known);

/// "; did you mean 'x'?", or "" when nothing is near.
std::string nearest_hint(std::string_view wrong, std::span<const std::string> known);

}  // namespace weir
