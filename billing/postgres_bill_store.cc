#include "billing/postgres_bill_store.h"

#include "billing/columns.h"
#include "billing/ledger.h"

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

class PostgresBillTransaction : public BillTransaction {
 public:
  PostgresBillTransaction(Database::Lease lease, Deadline deadline)
      : lease_(std::move(lease)), deadline_(deadline) {}
  ~PostgresBillTransaction() override {
    if (lease_->in_transaction()) lease_->rollback();
  }

  Result<bool> claim(std::int64_t close_id) override {
    const Result<Rows> rows =
        run("insert into billing.invoiced (close_id, at_us) values ($1, quota.v1_clock_us()) "
            "on conflict do nothing returning close_id",
            Params().integer(close_id));
    if (!rows) return rows.error();
    return rows->size() == 1;
  }

  Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t close_id) override {
    auto billable = std::make_unique<BillableClose>();
    WEIR_TRY(read_catalogs(close_id, *billable));
    WEIR_TRY(read_units(close_id, *billable));
    WEIR_TRY(read_billed(close_id, *billable));
    return billable;
  }

  Result<std::int64_t> next_number(const std::string& tenant) override {
    const Result<Rows> rows = run(
        "insert into billing.invoice_counter (tenant, last) values ($1, 1) on conflict (tenant) "
        "do update set last = invoice_counter.last + 1 returning last",
        Params().text(tenant));
    if (!rows) return rows.error();
    return rows->integer(0, 0);
  }

  Status add_invoice(std::int64_t close_id, const NewInvoice& invoice) override {
    const DraftInvoice& draft = invoice.draft;
    WEIR_TRY(
        run("insert into billing.invoice (id, tenant, number, close_id, customer, kind, "
            "currency, revision, total_minor, charge_key, made_at_us) "
            "values ($1, $2, $3, $4, $5, 'usage', $6, $7, $8, $9, quota.v1_clock_us())",
            Params()
                .text(invoice.id)
                .text(draft.tenant)
                .integer(invoice.number)
                .integer(close_id)
                .text(draft.customer)
                .text(draft.currency)
                .integer(invoice.revision)
                .integer(draft.total.value)
                .text(invoice.charge_key)));
    WEIR_TRY(add_lines(close_id, invoice));
    if (draft.total.value <= 0) return {};
    WEIR_TRY(add_charge(invoice));
    return post(
        *lease_,
        invoice_posting(draft.tenant, draft.customer, invoice.id, {draft.total, draft.currency}),
        deadline_);
  }

  Result<std::int64_t> resolve_held(std::int64_t close_id) override {
    const Result<Rows> rows =
        run("update billing.held h set resolved_at_us = quota.v1_clock_us(), "
            "resolution = 'invoiced by close ' || $1::bigint from billing.due_period d "
            "where d.close_id = $1::bigint and h.resolved_at_us is null and d.tenant = h.tenant "
            "and d.subscription = h.subscription and d.period_from_us = h.period_from_us",
            Params().integer(close_id));
    if (!rows) return rows.error();
    return rows->affected();
  }

  Status commit() override { return lease_->commit(deadline_); }

 private:
  Result<Rows> run(std::string_view sql, const Params& params) {
    return lease_->run(sql, params, deadline_);
  }

  Status read_catalogs(std::int64_t close_id, BillableClose& billable) {
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

  Status read_units(std::int64_t close_id, BillableClose& billable) {
    const Result<Rows> rows =
        run(std::string(kTouched) +
                "select t.tenant, t.subscription, t.period_from_us, t.period_to_us, "
                "t.catalog_version, t.first::int, s.meter, "
                "sum(s.usage_units + s.late_units + s.attributed_units)::bigint, "
                "sum(case when s.close_id = $1 then s.usage_units + s.late_units + "
                "s.attributed_units else 0 end)::bigint "
                "from touched t left join billing.snapshot s on s.tenant = t.tenant and "
                "s.subscription = t.subscription and s.period_from_us = t.period_from_us and "
                "s.close_id <= $1 group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 7",
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

  /// All lines of earlier closes for the same period and meter, whatever became of their invoices.
  Status read_billed(std::int64_t close_id, BillableClose& billable) {
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

  Status add_lines(std::int64_t close_id, const NewInvoice& invoice) {
    TextColumn kind, subscription, meter;
    NumberColumn line, from, to, units, added, amount;
    for (const InvoiceLine& of : invoice.draft.lines) {
      line.add(static_cast<std::int64_t>(line.values().size()) + 1);
      kind.add(name_of(of.kind));
      subscription.add(of.period.subscription);
      from.add(of.period.from_us);
      to.add(of.period.to_us);
      meter.add(of.meter);
      units.add(of.units);
      added.add(of.added);
      amount.add(of.amount.value);
    }
    WEIR_TRY(
        run("insert into billing.invoice_line (invoice_id, close_id, tenant, line, kind, "
            "subscription, period_from_us, period_to_us, meter, units, added_units, "
            "amount_minor) select $10::text, $11::bigint, $12::text, u.* from unnest("
            "$1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], "
            "$7::bigint[], $8::bigint[], $9::bigint[]) u",
            bind_all(line, kind, subscription, from, to, meter, units, added, amount)
                .text(invoice.id)
                .integer(close_id)
                .text(invoice.draft.tenant)));
    return {};
  }

  Status add_charge(const NewInvoice& invoice) {
    const DraftInvoice& draft = invoice.draft;
    WEIR_TRY(
        run("insert into billing.charge (key, invoice_id, tenant, customer, currency, "
            "amount_minor, state, changed_at_us) "
            "values ($1, $2, $3, $4, $5, $6, 'planned', quota.v1_clock_us())",
            Params()
                .text(invoice.charge_key)
                .text(invoice.id)
                .text(draft.tenant)
                .text(draft.customer)
                .text(draft.currency)
                .integer(draft.total.value)));
    WEIR_TRY(
        run("insert into billing.charge_event (key, from_state, to_state, detail, at_us) "
            "values ($1, '', 'planned', $2, quota.v1_clock_us())",
            Params().text(invoice.charge_key).text("invoice " + invoice.id)));
    return {};
  }

  Database::Lease lease_;
  Deadline deadline_;
};

}  // namespace

Result<std::unique_ptr<BillTransaction>> PostgresBillStore::begin(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  WEIR_TRY((*lease)->begin(deadline));
  return std::unique_ptr<BillTransaction>(
      std::make_unique<PostgresBillTransaction>(*std::move(lease), deadline));
}

Result<std::vector<CloseHead>> PostgresBillStore::unbilled_closes(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  const Result<Rows> rows = (*lease)->run(
      "select id, t_us, digest from billing.close c where not exists "
      "(select from billing.invoiced i where i.close_id = c.id) order by id",
      deadline);
  if (!rows) return rows.error();
  std::vector<CloseHead> closes;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    closes.push_back({rows->integer(i, 0), rows->integer(i, 1), std::string(rows->text(i, 2))});
  }
  return closes;
}

}  // namespace weir
