#include "quota/limiter.h"

#include "base/token_bucket.h"

#include <algorithm>
#include <limits>
#include <list>
#include <mutex>
#include <unordered_map>

namespace weir {
namespace {

struct Buckets {
  std::string key;
  std::vector<TokenBucket> buckets;  // one for each of the plan's rate limits, in order
};

TokenRate rate_of(const RateLimit& limit) { return {limit.units, limit.per_us, limit.burst}; }

bool same_rates(const std::vector<TokenBucket>& buckets, const std::vector<RateLimit>& limits) {
  return std::ranges::equal(buckets, limits, [](const TokenBucket& bucket, const RateLimit& limit) {
    return bucket.rate() == rate_of(limit);
  });
}

/// What is asked of a meter; nothing when the meter was not named.
std::optional<std::int64_t> cost_of(std::span<const Cost> costs, const std::string& meter) {
  if (costs.empty()) return 0;
  std::optional<std::int64_t> sum;
  for (const Cost& cost : costs) {
    if (cost.meter == meter) sum = sum.value_or(0) + cost.cost;
  }
  return sum;
}

LimitState quota_state(const Quota& quota, const MeterSums& sums, TimeRange period,
                       std::int64_t cost, std::int64_t now_us) {
  const auto found = sums.find(quota.meter);
  LimitState state;
  state.kind = LimitState::Kind::quota;
  state.meter = quota.meter;
  state.limit = quota.units;
  state.window_us = period.to_us - period.from_us;
  state.used = found == sums.end() ? 0 : found->second.units;
  state.remaining = std::max<std::int64_t>(0, quota.units - std::min(state.used, quota.units));
  state.reset_us = std::max<std::int64_t>(0, period.to_us - now_us);
  state.hard = quota.hard;
  state.refused = quota.hard && cost > state.remaining;
  // A cost above the whole quota is refused in the next period too.
  if (state.refused && cost <= quota.units) state.retry_us = state.reset_us;
  return state;
}

LimitState rate_state(TokenBucket& bucket, const RateLimit& limit, std::int64_t cost,
                      std::int64_t now_us) {
  LimitState state;
  state.kind = LimitState::Kind::rate;
  state.meter = limit.meter;
  state.limit = limit.burst;
  state.refused = !bucket.has(cost, now_us);
  if (state.refused) state.retry_us = bucket.wait_us(cost, now_us);
  TokenBucket empty(bucket.rate(), now_us);
  empty.take(limit.burst, now_us);
  state.window_us = empty.wait_us(limit.burst, now_us).value_or(0);
  return state;
}

}  // namespace

Moment::Moment(Clock& clock)
    : wall_us(clock.now().value),
      steady_us(std::chrono::duration_cast<Micros>(clock.steady_now().time_since_epoch()).count()) {
}

std::optional<std::int64_t> Decision::retry_us() const {
  std::optional<std::int64_t> longest = 0;
  for (const LimitState& limit : limits) {
    if (!limit.refused) continue;
    if (!limit.retry_us) return std::nullopt;
    longest = std::max(*longest, *limit.retry_us);
  }
  return longest;
}

struct Limiter::State {
  const std::size_t entries_max;
  std::mutex mutex;
  std::list<Buckets> by_use;  // guarded by mutex; the latest used first
  std::unordered_map<std::string, std::list<Buckets>::iterator> by_key;  // guarded by mutex

  explicit State(std::size_t most) : entries_max(std::max<std::size_t>(most, 1)) {}
  std::vector<TokenBucket>& buckets_of(const std::string& key, const Plan& plan,
                                       std::int64_t now_us);
};

/// Those of the subscription; full ones when it is new or its plan's rates have changed.
std::vector<TokenBucket>& Limiter::State::buckets_of(const std::string& key, const Plan& plan,
                                                     std::int64_t now_us) {
  auto found = by_key.find(key);
  if (found == by_key.end()) {
    if (by_key.size() >= entries_max) {
      by_key.erase(by_use.back().key);
      by_use.pop_back();
    }
    by_use.push_front({key, {}});
    found = by_key.emplace(key, by_use.begin()).first;
  }
  by_use.splice(by_use.begin(), by_use, found->second);
  std::vector<TokenBucket>& buckets = found->second->buckets;
  if (!same_rates(buckets, plan.rate_limits)) {
    buckets.clear();
    for (const RateLimit& limit : plan.rate_limits) buckets.emplace_back(rate_of(limit), now_us);
  }
  return buckets;
}

Limiter::Limiter(std::size_t entries_max) : state_(new State(entries_max)) {}
Limiter::~Limiter() = default;

Decision Limiter::decide(const std::string& tenant, const std::string& subscription,
                         const PlanInForce& in_force, const MeterSums& sums,
                         std::span<const Cost> costs, Moment moment) {
  const std::int64_t now_us = moment.steady_us;
  const Plan& plan = *in_force.plan;
  Decision decision;
  for (const Quota& quota : plan.quotas) {
    const auto cost = cost_of(costs, quota.meter);
    if (cost) {
      decision.limits.push_back(quota_state(quota, sums, in_force.period, *cost, moment.wall_us));
    }
  }
  std::lock_guard lock(state_->mutex);
  auto& buckets = state_->buckets_of(subscription_key(tenant, subscription), plan, now_us);
  const std::size_t first_rate = decision.limits.size();
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const auto cost = cost_of(costs, plan.rate_limits[i].meter);
    if (cost) {
      decision.limits.push_back(rate_state(buckets[i], plan.rate_limits[i], *cost, now_us));
    }
  }
  decision.allowed = std::ranges::none_of(decision.limits, &LimitState::refused);
  std::size_t at = first_rate;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const auto cost = cost_of(costs, plan.rate_limits[i].meter);
    if (!cost) continue;
    if (decision.allowed) buckets[i].take(*cost, now_us);
    LimitState& state = decision.limits[at++];
    state.remaining = buckets[i].level(now_us);
    state.reset_us = buckets[i].wait_us(plan.rate_limits[i].burst, now_us).value_or(0);
  }
  return decision;
}

}  // namespace weir
