// The four times, and the clock.
//
// All are microseconds since the Unix epoch, UTC, and each is a type of its own (DESIGN: they are
// never mixed): a rule that says "append time" cannot be handed an event time by mistake.
//
//   EventTime   when the request finished; it is in the event, and the producer's claim
//   IngestTime  when the collector took it
//   AppendTime  the broker's or the file log's clock, on the record
//   ApplyTime   the database's clock, when it committed
//   WallTime    this process's own clock: for time-outs, freshness and logs, never for money
#pragma once

#include "base/named.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

using EventTime = Named<struct EventTimeTag, std::int64_t>;
using IngestTime = Named<struct IngestTimeTag, std::int64_t>;
using AppendTime = Named<struct AppendTimeTag, std::int64_t>;
using ApplyTime = Named<struct ApplyTimeTag, std::int64_t>;
using WallTime = Named<struct WallTimeTag, std::int64_t>;

using Micros = std::chrono::microseconds;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;

/// "2026-03-01T12:00:00Z", with as many of six fractional digits as are not zero.
std::string format_rfc3339(std::int64_t micros);
/// RFC 3339 with `T`/`t`/space, fraction of any length (cut at microseconds), `Z` or offset.
/// Never throws, never allocates on success; nullopt-like error `invalid` otherwise.
Result<std::int64_t> parse_rfc3339(std::string_view text);
/// "1h30m", "15m", "10s", "250ms", "7d": a sum of whole numbers with units; error `invalid`.
Result<Micros> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back ("1h30m"); "0s" for nothing.
std::string format_duration(Micros duration);
/// For people: "3 min 20 s", "850 ms", "2 h 5 min": the two largest units.
std::string humane_duration(Micros duration);

/// The clock is an argument wherever time is decided, so that tests own it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() = 0;
  /// Never goes back; for deadlines and intervals.
  virtual std::chrono::steady_clock::time_point steady_now() = 0;
};

Clock& system_clock();

/// Stands still until told: for tests. One thread.
class ManualClock : public Clock {
 public:
  explicit ManualClock(WallTime start) : now_(start) {}
  WallTime now() override { return now_; }
  std::chrono::steady_clock::time_point steady_now() override {
    return std::chrono::steady_clock::time_point(Micros(now_.value));
  }
  void advance(Micros by) { now_ = now_ + by.count(); }
  void set(WallTime to) { now_ = to; }

 private:
  WallTime now_;
};

/// A point in steady time that a call must not outlive.
class Deadline {
 public:
  static Deadline in(Micros timeout) {
    return Deadline(std::chrono::steady_clock::now() + timeout);
  }
  Micros left() const {
    auto left = std::chrono::duration_cast<Micros>(at_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? left : Micros{0};
  }
  bool passed() const { return left().count() == 0; }
  std::chrono::steady_clock::time_point at() const { return at_; }

 private:
  explicit Deadline(std::chrono::steady_clock::time_point at) : at_(at) {}
  std::chrono::steady_clock::time_point at_;
};

}  // namespace weir
