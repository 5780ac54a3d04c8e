// A token bucket in whole numbers: `units` every `per_us`, at most `burst` at once. Pure.
//
// Time is an argument (microseconds that never go back; an earlier one counts as the latest seen).
// The level is kept in units times per_us, so nothing is ever rounded: over any stretch of time t no
// more than burst + units * t / per_us pass, and no token is lost between calls.
//
//   TokenBucket bucket({.units = 10, .per_us = 1'000'000, .burst = 20}, now);
//   if (bucket.has(3, now)) bucket.take(3, now);
#pragma once

#include <cstdint>
#include <optional>

namespace weir {

struct TokenRate {
  std::int64_t units = 0;   // > 0
  std::int64_t per_us = 0;  // > 0
  std::int64_t burst = 0;   // > 0
  bool operator==(const TokenRate&) const = default;
};

class TokenBucket {
 public:
  /// Full at first.
  TokenBucket(TokenRate rate, std::int64_t now_us);
  const TokenRate& rate() const { return rate_; }

  /// Whole tokens at `now_us`.
  std::int64_t level(std::int64_t now_us);
  bool has(std::int64_t cost, std::int64_t now_us);
  /// Only after has() said yes at the same moment; cost >= 0.
  void take(std::int64_t cost, std::int64_t now_us);
  /// How long until `cost` is there; 0 when it is, nothing when it never will be (cost > burst).
  std::optional<std::int64_t> wait_us(std::int64_t cost, std::int64_t now_us);

 private:
  __extension__ using Wide = __int128;
  void refill(std::int64_t now_us);
  Wide scaled(std::int64_t tokens) const { return static_cast<Wide>(tokens) * rate_.per_us; }

  TokenRate rate_;
  Wide credit_;  // tokens * per_us
  std::int64_t at_us_;
};

}  // namespace weir
