#include "base/backoff.h"

#include <algorithm>

namespace weir {

Micros Backoff::next() {
  // std::uniform_int_distribution differs between standard libraries; a modulus repeats everywhere,
  // and its bias is far below what jitter cares about.
  const std::int64_t least = base_.count();
  const std::int64_t most = std::max(least, 3 * last_.count());
  const auto span = static_cast<std::uint64_t>(most - least) + 1;
  const auto wait = least + static_cast<std::int64_t>(random_() % span);
  last_ = std::min(cap_, Micros(wait));
  return last_;
}

}  // namespace weir
