// How many requests a key may make a second, with a burst: one token bucket a key.
//
// A bucket holds `burst` tokens and gains `per_second`; a request takes one or is refused, and is then
// told after how many seconds there is one again. Kept as one time a key (the moment at which the bucket
// would be full), in whole nanoseconds. Buckets are made for keys that are known only, so there are at most
// as many as the keys file has. Each process counts by itself: n of a fleet let through n times as much.
// Threads: one (the I/O thread).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir {

class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `per_second` 0: everything is let through. `burst` 0: as many as `per_second`.
  RateLimit(std::int64_t per_second, std::int64_t burst);

  bool limits() const { return interval_.count() > 0; }
  /// Takes a token of this key's bucket; else the whole seconds to wait, at least 1.
  std::optional<std::int64_t> refuse(std::string_view key, Time now);

 private:
  std::chrono::nanoseconds interval_{0};   // between two tokens
  std::chrono::nanoseconds tolerance_{0};  // of a burst: how far ahead `full_at` may lie
  std::unordered_map<std::string, Time> full_at_;
};

}  // namespace weir
