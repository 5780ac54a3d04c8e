// Limits of a subscription: quotas against the ledger, rate limits as token buckets in memory.
//
// decide() is all or nothing: when one limit refuses, none is consumed. A cost of 0 asks and
// consumes nothing. Soft quotas are reported and never refuse. The buckets are this process's own;
// their number is bounded, and the least recently used goes first. Threads: any.
#pragma once

#include "base/calendar.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "quota/ledger.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct Cost {
  std::string meter;
  std::int64_t cost = 0;
};

/// A moment by both clocks. Periods go by the wall; buckets by the steady one, which no step of the
/// wall clock fills or stops.
struct Moment {
  explicit Moment(Clock& clock);
  Moment(std::int64_t wall, std::int64_t steady) : wall_us(wall), steady_us(steady) {}
  std::int64_t wall_us, steady_us;
};

/// One limit as it stands after the decision.
struct LimitState {
  enum class Kind { quota, rate } kind = Kind::quota;
  std::string meter;
  std::int64_t limit = 0;  // of a quota: units a period; of a rate: the burst
  std::int64_t window_us =
      0;                  // of a quota: the period's length; of a rate: until the burst is whole
  std::int64_t used = 0;  // of a quota: what the ledger says
  std::int64_t remaining = 0;  // never below 0
  std::int64_t reset_us = 0;   // until the period ends, or until the bucket is full again
  bool hard = true;
  bool refused = false;
  std::optional<std::int64_t> retry_us;  // of a refused one; nothing: waiting does not help
};

struct Decision {
  bool allowed = true;
  std::vector<LimitState> limits;  // those of the meters that were asked for
  /// The longest wait of what refused; nothing when waiting does not help.
  std::optional<std::int64_t> retry_us() const;
};

/// What of a subscription's plan is in force.
struct PlanInForce {
  const Plan* plan;
  TimeRange period;  // the billing period that contains now
};

class Limiter {
 public:
  explicit Limiter(std::size_t entries_max);
  ~Limiter();
  /// `sums` of the period. An empty `costs` reports every limit of the plan.
  Decision decide(const std::string& tenant, const std::string& subscription,
                  const PlanInForce& plan, const MeterSums& sums, std::span<const Cost> costs,
                  Moment now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
