// Both sides counted the same offsets: do they agree? A report. It never changes an amount and never
// blocks a close; analytics may be away, behind or wrong, and no bill is the worse for it.
//
// Of a closed interval [from, to) and the close's cut N: quota's side is the requests of each
// subscription in the frozen usage plus the adjustments that the close knew; analytics' side is its
// rows of those event times at addresses below N. Requests are counted by the tenant's meter that
// counts every request; a tenant without one is not compared, and the report says so.
//
// An event that is too late to be proven new counts in analytics at once (and is marked so) and in
// quota when an operator accepts it: a surplus of quota's up to that number is no difference. Pure.
#pragma once

#include "base/calendar.h"
#include "catalog/catalog.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// What is compared: a close's cut and a range of event times that it froze.
struct CrosscheckPlace {
  std::int64_t close_id = 0;
  std::int64_t closed_at_us = 0;
  std::int64_t catalog_version = 0;
  TimeRange range;
  std::int64_t incarnation = 1;
  std::vector<std::int64_t> vector;  // N, by partition
};

/// Requests by subscription, of one tenant.
using QuotaCounts = std::map<std::string, std::int64_t>;

struct AnalyticsCount {
  std::int64_t requests = 0, unprovable = 0;
};
struct AnalyticsCounts {
  std::string tenant;
  bool reached = false;            // it has applied everything below the vector
  std::vector<std::int64_t> next;  // where it stands
  std::int64_t expired_events = 0;
  std::map<std::string, AnalyticsCount> rows;
};

struct CrosscheckRow {
  std::string tenant, subscription;
  std::int64_t quota = 0, analytics = 0, unprovable = 0;
};
struct CrosscheckReport {
  CrosscheckPlace place;
  std::int64_t tenants = 0, subscriptions = 0;
  std::int64_t quota_requests = 0, analytics_requests = 0, accepted_unprovable = 0;
  std::vector<CrosscheckRow> differences;
  std::vector<std::string> not_compared;  // a sentence each
  bool equal() const { return differences.empty(); }
};

/// The tenant's meter that counts every request throughout the range: aggregate count, no filter.
std::optional<std::string> counting_meter(const Catalog& catalog, const std::string& tenant,
                                          const TimeRange& range);

/// Adds one tenant's comparison to the report.
void compare_counts(const QuotaCounts& quota, const AnalyticsCounts& analytics,
                    CrosscheckReport& report);

std::string crosscheck_text(const CrosscheckReport& report);
std::string crosscheck_json(const CrosscheckReport& report);

}  // namespace weir
