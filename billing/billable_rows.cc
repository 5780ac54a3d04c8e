#include "billing/billable_rows.h"

namespace weir {
namespace {

// The periods of close $1: those it invoices, and those of earlier invoices that it learnt more of.
constexpr const char* kTouched =
    "with touched as (select tenant, subscription, period_from_us, period_to_us, catalog_version, "
    "true as first from billing.due_period where close_id = $1 union all "
    "select distinct s.tenant, s.subscription, s.period_from_us, s.period_to_us, "
    "d.catalog_version, false from billing.snapshot s join billing.due_period d on "
    "d.tenant = s.tenant and d.subscription = s.subscription and d.period_from_us = "
    "s.period_from_us where s.close_id = $1 and d.close_id < $1) ";

PeriodKey period_of_row(const Rows& rows, std::size_t row) {
  return {std::string(rows.text(row, 0)), std::string(rows.text(row, 1)), rows.integer(row, 2),
          rows.integer(row, 3)};
}

}  // namespace

Result<std::unique_ptr<BillableClose>> BillableRows::read(std::int64_t close_id) {
  auto billable = std::make_unique<BillableClose>();
  WEIR_TRY(read_catalogs(close_id, *billable));
  WEIR_TRY(read_units(close_id, *billable));
  WEIR_TRY(read_billed(close_id, *billable));
  return billable;
}

Status BillableRows::read_catalogs(std::int64_t close_id, BillableClose& billable) {
  const Result<Rows> rows =
      run(std::string(kTouched) +
              "select version, canonical from billing.catalog where version in "
              "(select catalog_version from touched)",
          Params().integer(close_id));
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    Result<Catalog> catalog = read_catalog_json(rows->text(i, 1));
    if (!catalog) return catalog.error().within("stored catalogue");
    billable.catalogs.emplace(rows->integer(i, 0), *std::move(catalog));
  }
  return {};
}

// A close knows nothing of periods that begin at its T or later: the closes behind a period's beginning
// lead to its rows, by the snapshot's one index.
Status BillableRows::read_units(std::int64_t close_id, BillableClose& billable) {
  const Result<Rows> rows =
      run(std::string(kTouched) +
              "select t.tenant, t.subscription, t.period_from_us, t.period_to_us, "
              "t.catalog_version, t.first::int, s.meter, "
              "sum(s.usage_units + s.late_units + s.attributed_units)::bigint, "
              "sum(case when s.close_id = $1 then s.usage_units + s.late_units + "
              "s.attributed_units else 0 end)::bigint "
              "from touched t left join (billing.close c join billing.snapshot s on s.close_id = "
              "c.id) on c.id <= $1 and c.t_us > t.period_from_us and s.tenant = t.tenant and "
              "s.subscription = t.subscription and s.period_from_us = t.period_from_us "
              "group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 7",
          Params().integer(close_id));
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    PeriodKey key = period_of_row(*rows, i);
    if (billable.periods.empty() || billable.periods.back().key != key) {
      billable.periods.push_back({std::move(key),
                                  rows->integer(i, 5) == 1,
                                  &billable.catalogs.at(rows->integer(i, 4)),
                                  {}});
    }
    if (rows->null(i, 6)) continue;
    billable.periods.back().meters.push_back(
        {std::string(rows->text(i, 6)), rows->integer(i, 7), rows->integer(i, 8), MoneyMinor{}});
  }
  return {};
}

Status BillableRows::read_billed(std::int64_t close_id, BillableClose& billable) {
  const Result<Rows> rows =
      run(std::string(kTouched) +
              "select l.tenant, l.subscription, l.period_from_us, l.period_to_us, l.meter, "
              "sum(l.amount_minor)::bigint from billing.invoice_line l join touched t on "
              "t.tenant = l.tenant and t.subscription = l.subscription and "
              "t.period_from_us = l.period_from_us where l.close_id < $1 and l.kind <> 'base' "
              "group by 1, 2, 3, 4, 5",
          Params().integer(close_id));
  if (!rows) return rows.error();
  std::map<std::pair<PeriodKey, std::string>, std::int64_t> billed;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    billed[{period_of_row(*rows, i), std::string(rows->text(i, 4))}] = rows->integer(i, 5);
  }
  for (BillablePeriod& period : billable.periods) {
    for (MeterUnits& meter : period.meters) {
      const auto found = billed.find({period.key, meter.meter});
      if (found != billed.end()) meter.billed_earlier = MoneyMinor(found->second);
    }
  }
  return {};
}

Result<Rows> BillableRows::run(std::string_view sql, const Params& params) {
  return connection_.run(sql, params, deadline_);
}

}  // namespace weir
