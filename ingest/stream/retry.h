// When to try something again: off, or waiting for a moment that backs off with each failure.
#pragma once

#include "base/backoff.h"
#include "base/time.h"

namespace weir {

class Retry {
 public:
  Retry(Clock& clock, std::uint64_t seed) : clock_(clock), backoff_(seed) {}

  void failed() {
    waiting_ = true;
    until_ = clock_.steady_now() + backoff_.next();
  }
  void succeeded() {
    waiting_ = false;
    backoff_.reset();
  }
  bool waiting() const { return waiting_; }  // something failed and has not succeeded since
  bool due() { return clock_.steady_now() >= until_; }

 private:
  Clock& clock_;
  Backoff backoff_;
  bool waiting_ = false;
  std::chrono::steady_clock::time_point until_;
};

}  // namespace weir
