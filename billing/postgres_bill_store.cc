#include "billing/postgres_bill_store.h"

#include "billing/billable_rows.h"
#include "billing/columns.h"
#include "billing/ledger.h"

namespace weir {
namespace {

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
    return BillableRows(*lease_, deadline_).read(close_id);
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
