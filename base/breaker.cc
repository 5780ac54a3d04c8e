#include "base/breaker.h"

#include <algorithm>

namespace weir {

Breaker::Breaker(BreakerOptions options, Clock& clock)
    : options_(options),
      clock_(clock),
      waits_(options.seed, options.open_for, options.open_for_max) {
  WEIR_CHECK(options.failures_max > 0 && options.open_for.count() > 0);
}

Breaker::State Breaker::state() const {
  if (!open_) return State::closed;
  return clock_.steady_now() < until_ ? State::open : State::half_open;
}

Micros Breaker::wait_left() const {
  if (!open_) return Micros(0);
  const auto left = std::chrono::duration_cast<Micros>(until_ - clock_.steady_now());
  return std::max(Micros(0), left);
}

bool Breaker::admits() {
  switch (state()) {
    case State::closed:
      return true;
    case State::open:
      return false;
    case State::half_open:
      break;
  }
  if (trying_) return false;
  trying_ = true;
  return true;
}

void Breaker::succeeded() {
  failures_ = 0;
  open_ = trying_ = false;
  waits_.reset();
}

void Breaker::failed() {
  ++failures_;
  if (open_ || failures_ >= options_.failures_max) open();
}

void Breaker::open() {
  open_ = true;
  trying_ = false;
  until_ = clock_.steady_now() + waits_.next();
}

const char* name_of(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed:
      return "closed";
    case Breaker::State::open:
      return "open";
    case Breaker::State::half_open:
      return "half open";
  }
  return "?";
}

}  // namespace weir
