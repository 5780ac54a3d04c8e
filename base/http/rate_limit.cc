#include "base/http/rate_limit.h"

#include <algorithm>

namespace weir {

using std::chrono::nanoseconds;
using std::chrono::seconds;

RateLimit::RateLimit(std::int64_t per_second, std::int64_t burst) {
  if (per_second <= 0) return;
  interval_ = std::max(nanoseconds(1), nanoseconds(seconds(1)) / per_second);
  tolerance_ = interval_ * (std::max<std::int64_t>(burst > 0 ? burst : per_second, 1) - 1);
}

std::optional<std::int64_t> RateLimit::refuse(std::string_view key, Time now) {
  if (!limits()) return std::nullopt;
  Time& full_at = full_at_.try_emplace(std::string(key), now).first->second;
  full_at = std::max(full_at, now);
  const Time free_at = full_at - tolerance_;
  if (free_at <= now) {
    full_at += interval_;
    return std::nullopt;
  }
  return std::chrono::ceil<seconds>(free_at - now).count();
}

}  // namespace weir
