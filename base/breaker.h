// A circuit breaker: after some failures in a row nobody calls for a while, then one tries.
//
//   closed ──failures_max in a row──► open ──its wait has passed──► half open ──a success──► closed
//                                       ▲                               │
//                                       └───────── a failure ───────────┘
//
// A callee that is away costs each call its whole time-out; behind a breaker it costs failures_max of
// them, and then one for each wait. Waits are jittered and grow (backoff.h), so that many processes
// do not come back together. Failures are those that say "away": an answer that says no is a success.
//
//   if (!breaker.admits()) return later();       // half open: admits one call, until it has an end
//   const auto reply = call();
//   reply ? breaker.succeeded() : breaker.failed();
//
// The clock is an argument. Threads: one.
#pragma once

#include "base/backoff.h"
#include "base/time.h"

#include <chrono>
#include <cstdint>

namespace weir {

struct BreakerOptions {
  int failures_max = 5;
  Micros open_for = std::chrono::seconds(10);  // at least, and three times the last wait at most
  Micros open_for_max = std::chrono::minutes(5);
  std::uint64_t seed = 1;
};

class Breaker {
 public:
  enum class State { closed, open, half_open };

  Breaker(BreakerOptions options, Clock& clock);

  /// Whether a call may be made now; whoever makes it says how it ended.
  bool admits();
  void succeeded();
  void failed();
  /// It came to no call after all: another may try.
  void not_called() { trying_ = false; }

  State state() const;
  /// Until the next call may be made; 0 unless open.
  Micros wait_left() const;
  /// In a row, by now.
  int failures() const { return failures_; }

 private:
  void open();

  const BreakerOptions options_;
  Clock& clock_;
  Backoff waits_;
  int failures_ = 0;
  bool open_ = false;
  bool trying_ = false;  // half open, and the one call is under way
  std::chrono::steady_clock::time_point until_{};
};

const char* name_of(Breaker::State state);

}  // namespace weir
