#include "base/token_bucket.h"

#include "base/result.h"

#include <algorithm>

namespace weir {

TokenBucket::TokenBucket(TokenRate rate, std::int64_t now_us)
    : rate_(rate), credit_(scaled(rate.burst)), at_us_(now_us) {
  WEIR_CHECK(rate.units > 0 && rate.per_us > 0 && rate.burst > 0);
}

void TokenBucket::refill(std::int64_t now_us) {
  if (now_us <= at_us_) return;
  credit_ += static_cast<Wide>(now_us - at_us_) * rate_.units;
  credit_ = std::min(credit_, scaled(rate_.burst));
  at_us_ = now_us;
}

std::int64_t TokenBucket::level(std::int64_t now_us) {
  refill(now_us);
  return static_cast<std::int64_t>(credit_ / rate_.per_us);
}

bool TokenBucket::has(std::int64_t cost, std::int64_t now_us) {
  refill(now_us);
  return scaled(cost) <= credit_;
}

void TokenBucket::take(std::int64_t cost, std::int64_t now_us) {
  WEIR_CHECK(cost >= 0 && has(cost, now_us));
  credit_ -= scaled(cost);
}

std::optional<std::int64_t> TokenBucket::wait_us(std::int64_t cost, std::int64_t now_us) {
  if (cost > rate_.burst) return std::nullopt;
  if (has(cost, now_us)) return 0;
  const Wide missing = scaled(cost) - credit_;
  return static_cast<std::int64_t>((missing + rate_.units - 1) / rate_.units);
}

}  // namespace weir
