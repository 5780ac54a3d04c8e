#include "billing/freeze.h"

#include "billing/period.h"
#include "catalog/index.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace weir {
namespace {

using SubscriptionName = std::pair<std::string, std::string>;

/// Finds the period of (tenant, subscription, time); remembers the last one of each subscription,
/// since most of them are of the same one.
class PeriodFinder {
 public:
  explicit PeriodFinder(const Catalog& catalog) : catalog_(catalog), index_(catalog) {}

  Result<std::optional<PeriodKey>> find(const UsageRow& row) {
    const Subscription* subscription = index_.find(row.tenant, row.subscription);
    if (subscription == nullptr) return std::optional<PeriodKey>();
    TimeRange& last = last_[subscription];
    if (!last.contains(row.bucket_us)) {
      Result<std::optional<TimeRange>> period = period_of(catalog_, *subscription, row.bucket_us);
      if (!period) return period.error();
      if (!*period) return std::optional<PeriodKey>();
      last = **period;
    }
    return std::optional<PeriodKey>({row.tenant, row.subscription, last.from_us, last.to_us});
  }

 private:
  const Catalog& catalog_;
  SubscriptionIndex index_;
  std::unordered_map<const Subscription*, TimeRange> last_;
};

Status add_units(std::int64_t& sum, const UsageRow& row) {
  if (!__builtin_add_overflow(sum, row.units, &sum)) return {};
  return Error{ErrorCode::invalid,
               "units of " + row.tenant + "/" + row.subscription + "/" + row.meter +
                   " do not fit into 64 bits",
               ""};
}

Status freeze_usage(const FreezeInput& input, PeriodFinder& finder, Frozen& frozen) {
  for (const UsageRow& row : input.usage) {
    const Result<std::optional<PeriodKey>> period = finder.find(row);
    if (!period) return period.error();
    if (!*period) {
      frozen.unattributed.push_back(row);
    } else {
      WEIR_TRY(add_units(frozen.snapshot[{**period, row.meter}].usage, row));
    }
  }
  return {};
}

Status freeze_attributed(const FreezeInput& input, PeriodFinder& finder, Frozen& frozen) {
  for (const UnattributedRow& row : input.unattributed) {
    const Result<std::optional<PeriodKey>> period = finder.find(row.usage);
    if (!period) return period.error();
    if (!*period) continue;
    WEIR_TRY(add_units(frozen.snapshot[{**period, row.usage.meter}].attributed, row.usage));
    frozen.attributed.push_back(row);
  }
  return {};
}

Status freeze_adjustments(const FreezeInput& input, PeriodFinder& finder, Frozen& frozen) {
  for (const AdjustmentRow& row : input.adjustments) {
    Result<std::optional<PeriodKey>> period = std::optional<PeriodKey>();
    if (row.invoiced) {
      period = std::optional<PeriodKey>(
          {row.usage.tenant, row.usage.subscription, row.invoiced->from_us, row.invoiced->to_us});
    } else {
      period = finder.find(row.usage);
    }
    if (!period) return period.error();
    if (!*period) {
      ++frozen.adjustments_unattributed;
    } else if ((*period)->to_us > input.t_us) {
      ++frozen.adjustments_waiting;
    } else {
      WEIR_TRY(add_units(frozen.snapshot[{**period, row.usage.meter}].late, row.usage));
      frozen.assigned.push_back(row.id);
    }
  }
  return {};
}

}  // namespace

void put_in_order(Frozen& frozen) {
  std::sort(frozen.due.begin(), frozen.due.end());
  std::sort(frozen.unattributed.begin(), frozen.unattributed.end());
  std::sort(frozen.attributed.begin(), frozen.attributed.end(),
            [](const UnattributedRow& a, const UnattributedRow& b) {
              return std::tie(a.usage.tenant, a.usage.subscription, a.usage.bucket_us,
                              a.usage.meter, a.from_close) <
                     std::tie(b.usage.tenant, b.usage.subscription, b.usage.bucket_us,
                              b.usage.meter, b.from_close);
            });
  std::sort(frozen.assigned.begin(), frozen.assigned.end());
}

bool all_due(const Frozen& frozen, std::int64_t t_us) {
  auto due = frozen.due.begin();
  for (const auto& [key, units] : frozen.snapshot) {
    if (key.period.to_us > t_us) continue;
    while (due != frozen.due.end() && due->key < key.period) ++due;
    if (due == frozen.due.end() || due->key != key.period) return false;
  }
  return true;
}

Result<std::vector<DuePeriod>> due_at(const Catalog& catalog,
                                      const std::vector<InvoicedSpan>& invoiced,
                                      std::int64_t t_us) {
  std::map<SubscriptionName, TimeRange> spans;
  for (const InvoicedSpan& span : invoiced) spans[{span.tenant, span.subscription}] = span.span;
  std::vector<DuePeriod> due;
  for (const Subscription& subscription : catalog.subscriptions) {
    const auto span = spans.find({subscription.tenant, subscription.id});
    const bool invoiced_before = span != spans.end();
    auto add = [&](std::int64_t since_us, std::int64_t until_us) -> Status {
      const auto periods = due_periods(catalog, subscription, since_us, until_us);
      if (!periods) return periods.error();
      for (const TimeRange& period : *periods) {
        due.push_back({{subscription.tenant, subscription.id, period.from_us, period.to_us},
                       subscription.customer});
      }
      return {};
    };
    // A later catalogue may begin a subscription earlier: then the periods before are due as well.
    if (invoiced_before) WEIR_TRY(add(kSinceAlwaysUs, std::min(span->second.from_us, t_us)));
    WEIR_TRY(add(invoiced_before ? span->second.to_us : kSinceAlwaysUs, t_us));
  }
  std::sort(due.begin(), due.end());
  return due;
}

Result<Frozen> freeze(const FreezeInput& input) {
  Frozen frozen;
  PeriodFinder finder(*input.catalog);
  WEIR_TRY(freeze_usage(input, finder, frozen));
  WEIR_TRY(freeze_attributed(input, finder, frozen));
  WEIR_TRY(freeze_adjustments(input, finder, frozen));
  Result<std::vector<DuePeriod>> due = due_at(*input.catalog, input.invoiced, input.t_us);
  if (!due) return due.error();
  frozen.due = *std::move(due);
  put_in_order(frozen);
  return frozen;
}

}  // namespace weir
