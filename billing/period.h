// Which period of which subscription a moment belongs to, and which periods are due at T. Pure.
//
// A subscription's periods are those of its plan's rule and zone at that moment. They are whole:
// the first and the last one contain the subscription's `from` and the last moment before its `to`.
// Where two versions of a plan have different rules or zones, the period is cut at the version's
// `from`, so that periods never overlap. A price change leaves the period whole: the version in
// force at its start prices it.
//
// A moment outside the subscription's span, or before its plan's first version, has no period: what
// was used then is unattributed.
#pragma once

#include "base/calendar.h"
#include "base/result.h"
#include "catalog/catalog.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

/// [start of the first period, end of the last one); since always and for ever where not bounded.
/// nullopt: the subscription has no period at all.
Result<std::optional<TimeRange>> subscription_span(const Catalog& catalog,
                                                   const Subscription& subscription);

/// The period that `t_us` lies in; nullopt when it lies outside the span.
Result<std::optional<TimeRange>> period_of(const Catalog& catalog, const Subscription& subscription,
                                           std::int64_t t_us);

/// The plan that prices a period: the version in force at its start, or the first one.
const Plan* plan_of_period(const Catalog& catalog, const Subscription& subscription,
                           const TimeRange& period);

/// All periods that end at or before `until_us` (T) and start at or after the period that contains
/// `since_us`, ascending. Where `since_us` lies before the span, from the span's start; it must be
/// finite for a subscription since always.
Result<std::vector<TimeRange>> due_periods(const Catalog& catalog, const Subscription& subscription,
                                           std::int64_t since_us, std::int64_t until_us);

}  // namespace weir
