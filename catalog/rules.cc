// Rules about a catalogue that depend on the deployment: its bucket length and the present moment.
#include "catalog/catalog.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weir {
namespace {

std::string name_of_meter(const Meter& m) { return fmt::format("meter {}/{}", m.tenant, m.id); }

bool contains(const std::vector<Meter>& meters, const Meter& meter) {
  return std::find(meters.begin(), meters.end(), meter) != meters.end();
}

}  // namespace

std::vector<Fault> check_period_lengths(const Catalog& catalog, std::int64_t bucket_us) {
  std::vector<Fault> faults;
  for (const Plan& plan : catalog.plans) {
    if (plan.period.kind != PeriodRule::Kind::fixed) continue;
    if (plan.period.length.count() % bucket_us == 0) continue;
    faults.push_back({fmt::format("plan {}/{}: period", plan.tenant, plan.id),
                      fmt::format("{} is no whole number of buckets of {}", name_of(plan.period),
                                  format_duration(Micros(bucket_us)))});
  }
  return faults;
}

std::vector<Fault> check_meter_changes(const Catalog& present, const Catalog& next,
                                       std::int64_t earliest_us, std::int64_t bucket_us) {
  std::vector<Fault> faults;
  for (const Meter& meter : next.meters) {
    if (contains(present.meters, meter)) continue;
    if (meter.from_us == kSinceAlwaysUs || meter.from_us < earliest_us) {
      faults.push_back(
          {name_of_meter(meter),
           fmt::format("is new or changed from {} on; meters change from {} on at the "
                       "earliest: give it that `from`, and keep the old version",
                       meter.from_us == kSinceAlwaysUs ? "always" : format_rfc3339(meter.from_us),
                       format_rfc3339(earliest_us))});
    } else if (meter.from_us % bucket_us != 0) {
      faults.push_back(
          {name_of_meter(meter),
           fmt::format("from {} is not on the edge of a bucket of {}",
                       format_rfc3339(meter.from_us), format_duration(Micros(bucket_us)))});
    }
  }
  for (const Meter& meter : present.meters) {
    if (meter.from_us >= earliest_us || contains(next.meters, meter)) continue;
    faults.push_back(
        {name_of_meter(meter),
         fmt::format("the version from {} is in force and cannot be taken away",
                     meter.from_us == kSinceAlwaysUs ? "always" : format_rfc3339(meter.from_us))});
  }
  return faults;
}

}  // namespace weir
