// What invoicing a close reads (billing/billable_rows.cc): the periods that it touches, the units
// known of them up to this close, and what earlier lines billed.
#include "tests/simulation/database/memory_bill.h"

#include <set>

namespace weir::simulation {
namespace {

struct Touched {
  std::int64_t period_to_us = 0, catalog_version = 0;
  bool first = false;
};
using TouchedPeriods = std::map<DueKey, Touched>;

/// Those it invoices, and those of earlier invoices that it learnt more of.
TouchedPeriods touched_by(const Session& session, const Billing& billing, std::int64_t close_id) {
  TouchedPeriods touched;
  billing.due_period.each(session, [&](const DueKey& key, const DueRow& row) {
    if (row.close_id == close_id) touched[key] = {row.period_to_us, row.catalog_version, true};
  });
  billing.snapshot.each(session, [&](const auto& key, const SnapshotRow& row) {
    const auto& [tenant, subscription, from_us, close, meter] = key;
    if (close != close_id) return;
    const DueKey period{tenant, subscription, from_us};
    const DueRow* due = billing.due_period.find(session, period);
    if (due == nullptr || due->close_id >= close_id) return;
    touched[period] = {row.period_to_us, due->catalog_version, false};
  });
  return touched;
}

/// Units by meter, of closes up to this one.
std::vector<MeterUnits> units_of(const Session& session, const Billing& billing,
                                 const DueKey& period, std::int64_t close_id) {
  std::map<std::string, MeterUnits> meters;
  const auto& [tenant, subscription, from_us] = period;
  billing.snapshot.each_from(
      session, {tenant, subscription, from_us, INT64_MIN, ""},
      [&](const auto& key, const SnapshotRow& row) {
        const auto& [of_tenant, of_subscription, of_from_us, close, meter] = key;
        if (std::tie(of_tenant, of_subscription, of_from_us) != period) return false;
        if (close > close_id) return true;
        const std::int64_t units = row.units.usage + row.units.late + row.units.attributed;
        MeterUnits& sum = meters[meter];
        sum.meter = meter;
        sum.known += units;
        if (close == close_id) sum.added += units;
        return true;
      });
  std::vector<MeterUnits> out;
  for (auto& [name, units] : meters) out.push_back(std::move(units));
  return out;
}

/// The amounts of lines of earlier closes, by period and meter.
std::map<std::pair<DueKey, std::string>, std::int64_t> billed_before(const Session& session,
                                                                     const Billing& billing,
                                                                     const TouchedPeriods& touched,
                                                                     std::int64_t close_id) {
  std::map<std::pair<DueKey, std::string>, std::int64_t> billed;
  billing.invoice_line.each(session, [&](const auto&, const InvoiceLineRow& row) {
    if (row.close_id >= close_id || row.line.kind == InvoiceLine::Kind::base) return;
    const PeriodKey& of = row.line.period;
    const DueKey key{of.tenant, of.subscription, of.from_us};
    if (touched.contains(key)) billed[{key, row.line.meter}] += row.line.amount.value;
  });
  return billed;
}

Status read_catalogs(const Session& session, const Billing& billing, const TouchedPeriods& touched,
                     BillableClose& out) {
  for (const auto& [key, of] : touched) {
    if (out.catalogs.contains(of.catalog_version)) continue;
    const CatalogRow* row = billing.catalog.find(session, of.catalog_version);
    WEIR_CHECK(row != nullptr);
    Result<Catalog> catalog = read_catalog_json(row->canonical);
    if (!catalog) return catalog.error().within("stored catalogue");
    out.catalogs.emplace(of.catalog_version, *std::move(catalog));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<BillableClose>> MemoryBill::read_billable(std::int64_t close_id) {
  using Out = std::unique_ptr<BillableClose>;
  return session_.run("bill.read_billable", [&]() -> Result<Out> {
    auto out = std::make_unique<BillableClose>();
    const TouchedPeriods touched = touched_by(session_, billing_, close_id);
    WEIR_TRY(read_catalogs(session_, billing_, touched, *out));
    const auto billed = billed_before(session_, billing_, touched, close_id);
    for (const auto& [key, of] : touched) {
      const auto& [tenant, subscription, from_us] = key;
      BillablePeriod period{{tenant, subscription, from_us, of.period_to_us},
                            of.first,
                            &out->catalogs.at(of.catalog_version),
                            units_of(session_, billing_, key, close_id)};
      for (MeterUnits& meter : period.meters) {
        const auto found = billed.find({key, meter.meter});
        if (found != billed.end()) meter.billed_earlier = MoneyMinor(found->second);
      }
      out->periods.push_back(std::move(period));
    }
    return out;
  });
}

}  // namespace weir::simulation
