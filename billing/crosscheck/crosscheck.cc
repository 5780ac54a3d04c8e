#include "billing/crosscheck/crosscheck.h"

#include <algorithm>
#include <set>

namespace weir {
namespace {

bool counts_everything(const Meter& meter) {
  const MeterFilter every;
  return meter.aggregate == Meter::Aggregate::count && meter.filter.api == every.api &&
         meter.filter.route == every.route && meter.filter.method == every.method &&
         meter.filter.status_from <= every.status_from && meter.filter.status_to >= every.status_to;
}

}  // namespace

std::optional<std::string> counting_meter(const Catalog& catalog, const std::string& tenant,
                                          const TimeRange& range) {
  std::set<std::string> ids;
  for (const Meter& meter : catalog.meters) {
    if (meter.tenant == tenant) ids.insert(meter.id);
  }
  for (const std::string& id : ids) {
    const Meter* at_start = catalog.meter(tenant, id, range.from_us);
    bool every = at_start != nullptr && counts_everything(*at_start);
    for (const Meter& meter : catalog.meters) {
      const bool begins_within = meter.tenant == tenant && meter.id == id &&
                                 meter.from_us > range.from_us && meter.from_us < range.to_us;
      if (begins_within && !counts_everything(meter)) every = false;
    }
    if (every) return id;
  }
  return std::nullopt;
}

void compare_counts(const QuotaCounts& quota, const AnalyticsCounts& analytics,
                    CrosscheckReport& report) {
  ++report.tenants;
  std::set<std::string> subscriptions;
  for (const auto& [subscription, requests] : quota) subscriptions.insert(subscription);
  for (const auto& [subscription, count] : analytics.rows) subscriptions.insert(subscription);
  for (const std::string& subscription : subscriptions) {
    const auto ours = quota.find(subscription);
    const auto theirs = analytics.rows.find(subscription);
    const std::int64_t counted = ours == quota.end() ? 0 : ours->second;
    const AnalyticsCount seen = theirs == analytics.rows.end() ? AnalyticsCount{} : theirs->second;
    ++report.subscriptions;
    report.quota_requests += counted;
    report.analytics_requests += seen.requests;
    const std::int64_t surplus = counted - seen.requests;
    if (surplus == 0) continue;
    if (surplus > 0 && surplus <= seen.unprovable) {
      report.accepted_unprovable += surplus;
      continue;
    }
    report.differences.push_back(
        {analytics.tenant, subscription, counted, seen.requests, seen.unprovable});
  }
  if (analytics.expired_events > 0) {
    report.not_compared.push_back(
        "analytics' retention took " + std::to_string(analytics.expired_events) +
        " events of files of this range: it may count too few for " + analytics.tenant);
  }
}

}  // namespace weir
