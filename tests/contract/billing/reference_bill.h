// The reference bill: what everybody owes, recomputed in another shape than billing/ does it: no
// snapshot, no buckets, no differences between states; a list of events and loops over it.
//
// An event counts for a line of close k when it was applied before close k's cut and close k is at or
// behind the end of its period; each close's line is what the price of all units rose by. Needs the
// catalogue and the calendar and nothing of billing/. Plans of one version each.
#pragma once

#include "catalog/catalog.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weir::reference {

struct Event {
  std::string tenant, subscription;
  std::int64_t time_us = 0;
  std::int64_t units = 1;
  std::map<std::string, std::int64_t> quantities;
  std::string api, route, method;
  std::int64_t status = 200;
  std::size_t first_close = 0;  // index of the first close whose cut lies behind it
};

/// (index of the close, subscription, start of the period, meter or "" for the fee) → minor units.
using Line = std::tuple<std::size_t, std::string, std::int64_t, std::string>;
using Bill = std::map<Line, std::int64_t>;

inline std::int64_t counted(const Meter& meter, const Event& event) {
  const MeterFilter& filter = meter.filter;
  if (!filter.api.empty() && filter.api != event.api) return 0;
  if (!filter.route.empty() && filter.route != event.route) return 0;
  if (!filter.method.empty() && filter.method != event.method) return 0;
  if (event.status < filter.status_from || event.status > filter.status_to) return 0;
  if (meter.aggregate == Meter::Aggregate::count) return 1;
  if (meter.quantity == "units") return event.units;
  const auto found = event.quantities.find(meter.quantity);
  return found == event.quantities.end() ? 0 : found->second;
}

__extension__ using Wide = __int128;

/// The price of `units`, by walking along the tiers' edges; rounded half up (nothing is negative).
inline std::int64_t price(const MeterPrice& list, std::int64_t units, std::int64_t nanos_a_minor) {
  Wide nanos = 0;
  std::int64_t edge = list.included;
  for (const Tier& tier : list.tiers) {
    const std::int64_t next = tier.up_to ? list.included + *tier.up_to : units;
    if (units > edge) nanos += Wide{std::min(units, next) - edge} * tier.per_unit.nanos;
    edge = next;
  }
  return static_cast<std::int64_t>((2 * nanos + nanos_a_minor) / (2 * nanos_a_minor));
}

/// `closes` are the T of each close, ascending.
inline Bill reference_bill(std::vector<Event> events, const Catalog& catalog,
                           const std::vector<std::int64_t>& closes) {
  using Place = std::tuple<std::string_view, std::string_view, std::int64_t>;
  auto place = [](const Event& e) { return Place(e.tenant, e.subscription, e.time_us); };
  std::ranges::sort(events, {}, place);
  Bill bill;
  for (const Subscription& sub : catalog.subscriptions) {
    const Plan& plan = *catalog.plan(sub.tenant, sub.plan, sub.from_us);
    std::int64_t minor = 1'000'000'000;  // in billionths
    for (int i = 0; i < *minor_digits(plan.currency); ++i) minor /= 10;
    const std::int64_t end = std::min(closes.empty() ? INT64_MIN : closes.back(), sub.to_us);
    for (std::int64_t at = sub.from_us; at < end;) {
      const TimeRange period = *period_containing(plan.period, plan.time_zone, at);
      at = period.to_us;
      const auto from =
          std::ranges::lower_bound(events, Place(sub.tenant, sub.id, period.from_us), {}, place);
      const auto to =
          std::ranges::lower_bound(events, Place(sub.tenant, sub.id, period.to_us), {}, place);
      std::map<std::string, std::int64_t> billed;
      for (std::size_t k = 0; k < closes.size(); ++k) {
        if (closes[k] < period.to_us) continue;
        const bool first = k == 0 || closes[k - 1] < period.to_us;
        const MeterPrice fee{"", 0, {{{}, plan.base_fee}}};
        if (first) bill[{k, sub.id, period.from_us, ""}] = price(fee, 1, minor);
        for (const MeterPrice& list : plan.prices) {
          std::int64_t units = 0, added = 0;
          for (auto event = from; event != to; ++event) {
            if (event->first_close > k) continue;
            const Meter& meter = *catalog.meter(sub.tenant, list.meter, event->time_us);
            units += counted(meter, *event);
            if (event->first_close == k) added += counted(meter, *event);
          }
          if (!first && added == 0) continue;
          const std::int64_t now = price(list, units, minor);
          bill[{k, sub.id, period.from_us, list.meter}] = now - billed[list.meter];
          billed[list.meter] = now;
        }
      }
    }
  }
  return bill;
}

}  // namespace weir::reference
