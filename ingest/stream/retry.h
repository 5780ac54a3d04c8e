// When to try something again: off, or waiting for a moment that backs off with each failure.
#pragma once

#include "base/backoff.h"
#include "base/result.h"
#include "base/time.h"

namespace weir {

/// Trying again can help: the thing is away, busy or full.
bool is_transient(const Error& error);

class Retry {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Retry(std::uint64_t seed) : backoff_(seed) {}

  void failed(TimePoint now) {
    waiting_ = true;
    until_ = now + backoff_.next();
  }
  void succeeded() {
    waiting_ = false;
    backoff_.reset();
  }
  bool waiting() const { return waiting_; }  // something failed and has not succeeded since
  bool due(TimePoint now) const { return now >= until_; }

 private:
  Backoff backoff_;
  bool waiting_ = false;
  TimePoint until_;
};

}  // namespace weir
