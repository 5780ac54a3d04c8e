#include "billing/period.h"

#include <algorithm>

namespace weir {
namespace {

/// The versions of the subscription's plan, by `from`.
std::vector<const Plan*> versions_of(const Catalog& catalog, const Subscription& subscription) {
  std::vector<const Plan*> versions;
  for (const Plan& plan : catalog.plans) {
    if (plan.tenant == subscription.tenant && plan.id == subscription.plan) {
      versions.push_back(&plan);
    }
  }
  std::sort(versions.begin(), versions.end(),
            [](const Plan* a, const Plan* b) { return a->from_us < b->from_us; });
  return versions;
}

bool same_rhythm(const Plan& a, const Plan& b) {
  return a.period == b.period && a.time_zone == b.time_zone;
}

/// The period by the plan alone, cut where the rhythm changes. `t_us` is not before the first
/// version.
Result<TimeRange> plan_period(const std::vector<const Plan*>& versions, std::int64_t t_us) {
  std::size_t at = 0;
  while (at + 1 < versions.size() && versions[at + 1]->from_us <= t_us) ++at;
  const Plan& plan = *versions[at];
  Result<TimeRange> period = period_containing(plan.period, plan.time_zone, t_us);
  if (!period) return period.error().within("plan " + plan.tenant + "/" + plan.id);
  for (std::size_t i = at; i > 0; --i) {
    if (same_rhythm(*versions[i - 1], plan)) continue;
    period->from_us = std::max(period->from_us, versions[i]->from_us);
    break;
  }
  for (std::size_t i = at + 1; i < versions.size(); ++i) {
    if (same_rhythm(*versions[i], plan)) continue;
    period->to_us = std::min(period->to_us, versions[i]->from_us);
    break;
  }
  return period;
}

Result<std::optional<TimeRange>> span_of(const std::vector<const Plan*>& versions,
                                         const Subscription& subscription) {
  if (versions.empty()) return std::optional<TimeRange>();
  const std::int64_t first = std::max(subscription.from_us, versions.front()->from_us);
  if (first >= subscription.to_us) return std::optional<TimeRange>();
  TimeRange span{first, subscription.to_us};
  if (first != kSinceAlwaysUs) {
    const Result<TimeRange> period = plan_period(versions, first);
    if (!period) return period.error();
    span.from_us = period->from_us;
  }
  if (subscription.to_us != kForEverUs) {
    const Result<TimeRange> period = plan_period(versions, subscription.to_us - 1);
    if (!period) return period.error();
    span.to_us = period->to_us;
  }
  return std::optional<TimeRange>(span);
}

}  // namespace

Result<std::optional<TimeRange>> subscription_span(const Catalog& catalog,
                                                   const Subscription& subscription) {
  return span_of(versions_of(catalog, subscription), subscription);
}

Result<std::optional<TimeRange>> period_of(const Catalog& catalog, const Subscription& subscription,
                                           std::int64_t t_us) {
  const std::vector<const Plan*> versions = versions_of(catalog, subscription);
  const Result<std::optional<TimeRange>> span = span_of(versions, subscription);
  if (!span) return span.error();
  if (!*span || !(*span)->contains(t_us)) return std::optional<TimeRange>();
  const Result<TimeRange> period = plan_period(versions, t_us);
  if (!period) return period.error();
  return std::optional<TimeRange>(*period);
}

const Plan* plan_of_period(const Catalog& catalog, const Subscription& subscription,
                           const TimeRange& period) {
  const Plan* plan = catalog.plan(subscription.tenant, subscription.plan, period.from_us);
  if (plan != nullptr) return plan;
  const std::vector<const Plan*> versions = versions_of(catalog, subscription);
  return versions.empty() ? nullptr : versions.front();
}

Result<std::vector<TimeRange>> due_periods(const Catalog& catalog, const Subscription& subscription,
                                           std::int64_t since_us, std::int64_t until_us) {
  const std::vector<const Plan*> versions = versions_of(catalog, subscription);
  const Result<std::optional<TimeRange>> span = span_of(versions, subscription);
  if (!span) return span.error();
  std::vector<TimeRange> due;
  if (!*span) return due;
  std::int64_t at = std::max(since_us, (*span)->from_us);
  if (at == kSinceAlwaysUs) {
    return Error{ErrorCode::invalid, "subscription " + subscription.id + " has no beginning", ""};
  }
  while (at < (*span)->to_us && at < until_us) {
    const Result<TimeRange> period = plan_period(versions, at);
    if (!period) return period.error();
    if (period->to_us > until_us) break;
    due.push_back(*period);
    at = period->to_us;
  }
  return due;
}

}  // namespace weir
