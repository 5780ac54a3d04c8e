// Decorrelated jitter: sleep = min(cap, uniform(base, 3 * previous sleep)). Source of the formula:
// Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
#pragma once

#include "base/time.h"

#include <cstdint>
#include <random>

namespace weir {

class Backoff {
 public:
  /// DESIGN §9: base 50 ms, cap 10 s. The seed is an argument so that tests repeat.
  explicit Backoff(std::uint64_t seed, Micros base = std::chrono::milliseconds(50),
                   Micros cap = std::chrono::seconds(10))
      : random_(seed), base_(base), cap_(cap), last_(base) {}
  /// How long to wait before the next try.
  Micros next();
  /// After a success.
  void reset() { last_ = base_; }

 private:
  std::mt19937_64 random_;
  Micros base_;
  Micros cap_;
  Micros last_;
};

}  // namespace weir
