#include "billing/freeze.h"

#include "billing/period.h"
#include "catalog/index.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace weir {
namespace {

using SubscriptionName = std::pair<std::string, std::string>;

/// Finds the period of (tenant, subscription, time); remembers the last one, since rows that follow one
/// another are mostly of the same.
class PeriodFinder {
 public:
  explicit PeriodFinder(const Catalog& catalog) : catalog_(catalog), index_(catalog) {}

  const SubscriptionIndex& index() const { return index_; }

  Result<std::optional<PeriodKey>> find(const UsageRow& row) {
    const Subscription* subscription = index_.find(row.tenant, row.subscription);
    if (subscription == nullptr) return std::optional<PeriodKey>();
    return find(*subscription, row.bucket_us);
  }

  Result<std::optional<PeriodKey>> find(const Subscription& of, std::int64_t time_us) {
    if (last_of_ != &of || !last_.contains(time_us)) {
      const Result<std::optional<TimeRange>> period = period_of(catalog_, of, time_us);
      if (!period) return period.error();
      if (!*period) return std::optional<PeriodKey>();
      last_of_ = &of;
      last_ = **period;
    }
    return std::optional<PeriodKey>({of.tenant, of.id, last_.from_us, last_.to_us});
  }

 private:
  const Catalog& catalog_;
  SubscriptionIndex index_;
  const Subscription* last_of_ = nullptr;
  TimeRange last_{};
};

/// Mostly they stand in it already: the catalogue has its subscriptions sorted.
template <class Row, class Less = std::less<>>
void put_in_order(std::vector<Row>& rows, Less less = {}) {
  if (!std::is_sorted(rows.begin(), rows.end(), less)) std::sort(rows.begin(), rows.end(), less);
}

Status add_units(std::int64_t& sum, const UsageRow& row) {
  if (!__builtin_add_overflow(sum, row.units, &sum)) return {};
  return Error{ErrorCode::invalid,
               "units of " + row.tenant + "/" + row.subscription + "/" + row.meter +
                   " do not fit into 64 bits",
               ""};
}

using OwnedRow = std::pair<const Subscription*, const UsageRow*>;

/// The rows by subscription, in the catalogue's order, which is the snapshot's: a map is filled fastest
/// from its beginning to its end. Those of nobody first.
std::vector<OwnedRow> by_subscription(const FreezeInput& input, const SubscriptionIndex& index) {
  const std::vector<Subscription>& all = input.catalog->subscriptions;
  const auto place = [&](const Subscription* of) {
    return of == nullptr ? 0 : static_cast<std::size_t>(of - all.data()) + 1;
  };
  std::vector<OwnedRow> rows;
  rows.reserve(input.usage.size());
  std::vector<std::size_t> next(all.size() + 2);
  for (const UsageRow& row : input.usage) {
    rows.emplace_back(index.find(row.tenant, row.subscription), &row);
    ++next[place(rows.back().first) + 1];
  }
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<OwnedRow> ordered(rows.size());
  for (const OwnedRow& row : rows) ordered[next[place(row.first)]++] = row;
  return ordered;
}

Status freeze_usage(const FreezeInput& input, PeriodFinder& finder, Frozen& frozen) {
  for (const auto& [subscription, row] : by_subscription(input, finder.index())) {
    Result<std::optional<PeriodKey>> period = std::optional<PeriodKey>();
    if (subscription != nullptr) period = finder.find(*subscription, row->bucket_us);
    if (!period) return period.error();
    if (!*period) {
      frozen.unattributed.push_back(*row);
    } else {
      SnapshotKey key{**std::move(period), row->meter};
      const auto at = frozen.snapshot.try_emplace(frozen.snapshot.end(), std::move(key));
      WEIR_TRY(add_units(at->second.usage, *row));
    }
  }
  return {};
}

/// A bucket that two incarnations fed is one row.
Status join_unattributed(Frozen& frozen) {
  std::vector<UsageRow>& rows = frozen.unattributed;
  std::sort(rows.begin(), rows.end());
  std::size_t kept = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto name = [](const UsageRow& row) {
      return std::tie(row.tenant, row.subscription, row.meter, row.bucket_us);
    };
    if (name(rows[kept]) == name(rows[i])) {
      WEIR_TRY(add_units(rows[kept].units, rows[i]));
    } else if (++kept != i) {
      rows[kept] = std::move(rows[i]);
    }
  }
  if (!rows.empty()) rows.resize(kept + 1);
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
  put_in_order(frozen.due);
  put_in_order(frozen.unattributed);
  put_in_order(frozen.attributed, [](const UnattributedRow& a, const UnattributedRow& b) {
    return std::tie(a.usage.tenant, a.usage.subscription, a.usage.bucket_us, a.usage.meter,
                    a.from_close) < std::tie(b.usage.tenant, b.usage.subscription,
                                             b.usage.bucket_us, b.usage.meter, b.from_close);
  });
  put_in_order(frozen.assigned);
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
  put_in_order(due);
  return due;
}

Result<Frozen> freeze(const FreezeInput& input) {
  Frozen frozen;
  PeriodFinder finder(*input.catalog);
  WEIR_TRY(freeze_usage(input, finder, frozen));
  WEIR_TRY(join_unattributed(frozen));
  WEIR_TRY(freeze_attributed(input, finder, frozen));
  WEIR_TRY(freeze_adjustments(input, finder, frozen));
  Result<std::vector<DuePeriod>> due = due_at(*input.catalog, input.invoiced, input.t_us);
  if (!due) return due.error();
  frozen.due = *std::move(due);
  put_in_order(frozen);
  return frozen;
}

}  // namespace weir
