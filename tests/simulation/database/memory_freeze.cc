// What a close freezes: its reads and its rows (billing/frozen_rows.cc).
#include "tests/simulation/database/memory_close.h"

#include <algorithm>

namespace weir::simulation {

Result<std::vector<UsageRow>> MemoryClose::usage(std::int64_t from_us, std::int64_t to_us) {
  return session_.run("close.usage", [&]() -> Result<std::vector<UsageRow>> {
    std::vector<UsageRow> out;
    quota_.usage.each(session_, [&](const UsageKey& key, std::int64_t units) {
      const auto& [tenant, subscription, meter, bucket_us, incarnation] = key;
      if (bucket_us < from_us || bucket_us >= to_us) return;
      out.push_back({tenant, subscription, meter, bucket_us, units});
    });
    return out;
  });
}

Result<std::vector<AdjustmentRow>> MemoryClose::unassigned_adjustments() {
  return session_.run("close.unassigned_adjustments", [&]() -> Result<std::vector<AdjustmentRow>> {
    std::vector<AdjustmentRow> out;
    quota_.adjustment.each(session_, [&](std::int64_t id, const AdjustmentEntry& row) {
      if (row.close_id) return;
      AdjustmentRow of{id, {row.tenant, row.subscription, row.meter, row.bucket_us, row.units}, {}};
      const DueKey first{row.tenant, row.subscription, INT64_MIN};
      billing_.due_period.each_from(session_, first, [&](const DueKey& key, const DueRow& due) {
        const auto& [tenant, subscription, from_us] = key;
        if (tenant != row.tenant || subscription != row.subscription || from_us > row.bucket_us) {
          return false;
        }
        if (row.bucket_us < due.period_to_us) of.invoiced = TimeRange{from_us, due.period_to_us};
        return true;
      });
      out.push_back(std::move(of));
    });
    std::sort(out.begin(), out.end(), [](const AdjustmentRow& a, const AdjustmentRow& b) {
      return std::tie(a.usage.tenant, a.usage.subscription, a.usage.bucket_us, a.id) <
             std::tie(b.usage.tenant, b.usage.subscription, b.usage.bucket_us, b.id);
    });
    return out;
  });
}

Result<std::vector<UnattributedRow>> MemoryClose::open_unattributed() {
  return session_.run("close.open_unattributed", [&]() -> Result<std::vector<UnattributedRow>> {
    std::vector<UnattributedRow> out;
    billing_.unattributed.each(session_, [&](const FrozenKey& key, std::int64_t units) {
      if (billing_.attribution.find(session_, key) != nullptr) return;
      const auto& [close, tenant, subscription, meter, bucket_us] = key;
      out.push_back({close, {tenant, subscription, meter, bucket_us, units}});
    });
    std::sort(out.begin(), out.end(), [](const UnattributedRow& a, const UnattributedRow& b) {
      return std::tie(a.usage.tenant, a.usage.subscription, a.usage.bucket_us, a.usage.meter,
                      a.from_close) < std::tie(b.usage.tenant, b.usage.subscription,
                                               b.usage.bucket_us, b.usage.meter, b.from_close);
    });
    return out;
  });
}

Result<std::vector<InvoicedSpan>> MemoryClose::invoiced_spans() {
  return session_.run("close.invoiced_spans", [&] { return reads_.invoiced_spans(); });
}

Status MemoryClose::add_frozen(std::int64_t close_id, std::int64_t catalog_version,
                               const Frozen& frozen) {
  if (const auto done = session_.run(
          "close.add_snapshot",
          [&]() -> Status {
            for (const auto& [key, units] : frozen.snapshot) {
              const PeriodKey& period = key.period;
              if (units.usage < 0 || units.late < 0 || units.attributed < 0 ||
                  period.from_us >= period.to_us) {
                return check_violation();
              }
              WEIR_TRY(billing_.snapshot.insert_new(
                  session_,
                  {period.tenant, period.subscription, period.from_us, close_id, key.meter},
                  {period.to_us, units}));
            }
            return {};
          });
      !done)
    return done.error();
  if (const auto done =
          session_.run("close.add_due",
                       [&]() -> Status {
                         for (const DuePeriod& due : frozen.due) {
                           if (due.key.from_us >= due.key.to_us) return check_violation();
                           WEIR_TRY(billing_.due_period.insert_new(
                               session_, {due.key.tenant, due.key.subscription, due.key.from_us},
                               {due.key.to_us, due.customer, close_id, catalog_version}));
                         }
                         return {};
                       });
      !done)
    return done.error();
  if (const auto done = session_.run(
          "close.add_unattributed",
          [&]() -> Status {
            for (const UsageRow& row : frozen.unattributed) {
              if (row.units < 0) return check_violation();
              WEIR_TRY(billing_.unattributed.insert_new(
                  session_, {close_id, row.tenant, row.subscription, row.meter, row.bucket_us},
                  row.units));
            }
            return {};
          });
      !done)
    return done.error();
  return session_.run("close.add_attributions", [&]() -> Status {
    for (const UnattributedRow& row : frozen.attributed) {
      WEIR_TRY(
          billing_.attribution.insert_new(session_,
                                          {row.from_close, row.usage.tenant, row.usage.subscription,
                                           row.usage.meter, row.usage.bucket_us},
                                          close_id));
    }
    return {};
  });
}

}  // namespace weir::simulation
