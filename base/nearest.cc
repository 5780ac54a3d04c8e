#include "base/nearest.h"

#include <algorithm>
#include <vector>

namespace weir {
namespace {

/// Optimal string alignment, by three rows of its table.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view wrong,
                                        std::span<const std::string> known) {
  constexpr std::size_t kLengthMax = 200;  // the table is quadratic, and nobody types longer names
  if (wrong.size() > kLengthMax) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(wrong.size() / 3, 1) + 1;
  for (const std::string& name : known) {
    if (name.size() > kLengthMax) continue;
    const std::size_t d = distance(wrong, name);
    if (d < best_distance) {
      best_distance = d;
      best = name;
    }
  }
  return best;
}

std::string nearest_hint(std::string_view wrong, std::span<const std::string> known) {
  const auto near = nearest_name(wrong, known);
  return near ? "; did you mean '" + *near + "'?" : "";
}

}  // namespace weir
