#include "billing/postgres_bill_store.h"

#include "billing/billable_rows.h"
#include "billing/columns.h"
#include "billing/ledger.h"

#include <map>
#include <vector>

namespace weir {
namespace {

/// Invoices are written many at a time, so that a close of many customers costs a few statements, not
/// some for each. They are there at the commit at the latest, or it fails.
constexpr std::size_t kInvoicesAtOnce = 5'000;

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
    const auto known = last_number_.find(tenant);
    if (known != last_number_.end()) return ++known->second;
    // Locks the tenant's row; its new value is written with the invoices that took it there.
    const Result<Rows> rows = run(
        "insert into billing.invoice_counter (tenant, last) values ($1, 0) on conflict (tenant) "
        "do update set last = invoice_counter.last returning last",
        Params().text(tenant));
    if (!rows) return rows.error();
    return last_number_[tenant] = rows->integer(0, 0) + 1;
  }

  Status add_invoice(std::int64_t close_id, const NewInvoice& invoice) override {
    new_.push_back({close_id, invoice});
    return new_.size() < kInvoicesAtOnce ? Status() : write_new();
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

  Status commit() override {
    WEIR_TRY(write_new());
    WEIR_TRY(write_numbers());
    return lease_->commit(deadline_);
  }

 private:
  struct New {
    std::int64_t close_id;
    NewInvoice invoice;
  };

  Result<Rows> run(std::string_view sql, const Params& params) {
    return lease_->run(sql, params, deadline_);
  }

  Status write_new() {
    if (new_.empty()) return {};
    WEIR_TRY(write_invoices());
    WEIR_TRY(write_lines());
    WEIR_TRY(write_charges());
    new_.clear();
    return {};
  }

  Status write_numbers() {
    TextColumn tenant;
    NumberColumn last;
    for (const auto& [name, number] : last_number_) {
      tenant.add(name);
      last.add(number);
    }
    WEIR_TRY(
        run("update billing.invoice_counter c set last = u.last from unnest($1::text[], "
            "$2::bigint[]) u (tenant, last) where c.tenant = u.tenant",
            bind_all(tenant, last)));
    return {};
  }

  Status write_invoices() {
    TextColumn id, tenant, customer, currency, key;
    NumberColumn number, close_id, revision, total;
    for (const auto& [close, invoice] : new_) {
      id.add(invoice.id);
      tenant.add(invoice.draft.tenant);
      number.add(invoice.number);
      close_id.add(close);
      customer.add(invoice.draft.customer);
      currency.add(invoice.draft.currency);
      revision.add(invoice.revision);
      total.add(invoice.draft.total.value);
      key.add(invoice.charge_key);
    }
    WEIR_TRY(
        run("insert into billing.invoice (id, tenant, number, close_id, customer, kind, currency, "
            "revision, total_minor, charge_key, made_at_us) select u.id, u.tenant, u.number, "
            "u.close_id, u.customer, 'usage', u.currency, u.revision, u.total, u.key, c.now from "
            "unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], "
            "$7::bigint[], $8::bigint[], $9::text[]) u (id, tenant, number, close_id, customer, "
            "currency, revision, total, key) cross join (select quota.v1_clock_us() as now) c",
            bind_all(id, tenant, number, close_id, customer, currency, revision, total, key)));
    return {};
  }

  Status write_lines() {
    TextColumn invoice_id, tenant, kind, subscription, meter;
    NumberColumn close_id, line, from, to, units, added, amount;
    for (const auto& [close, invoice] : new_) {
      std::int64_t at = 0;
      for (const InvoiceLine& of : invoice.draft.lines) {
        invoice_id.add(invoice.id);
        close_id.add(close);
        tenant.add(invoice.draft.tenant);
        line.add(++at);
        kind.add(name_of(of.kind));
        subscription.add(of.period.subscription);
        from.add(of.period.from_us);
        to.add(of.period.to_us);
        meter.add(of.meter);
        units.add(of.units);
        added.add(of.added);
        amount.add(of.amount.value);
      }
    }
    WEIR_TRY(
        run("insert into billing.invoice_line (invoice_id, close_id, tenant, line, kind, "
            "subscription, period_from_us, period_to_us, meter, units, added_units, amount_minor) "
            "select * from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], "
            "$6::text[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], "
            "$12::bigint[])",
            bind_all(invoice_id, close_id, tenant, line, kind, subscription, from, to, meter, units,
                     added, amount)));
    return {};
  }

  /// One for each invoice above zero, and what it owes in the ledger.
  Status write_charges() {
    TextColumn key, invoice_id, tenant, customer, currency;
    NumberColumn amount;
    std::vector<Posting> postings;
    for (const auto& [close, invoice] : new_) {
      const DraftInvoice& draft = invoice.draft;
      if (draft.total.value <= 0) continue;
      key.add(invoice.charge_key);
      invoice_id.add(invoice.id);
      tenant.add(draft.tenant);
      customer.add(draft.customer);
      currency.add(draft.currency);
      amount.add(draft.total.value);
      postings.push_back(
          invoice_posting(draft.tenant, draft.customer, invoice.id, {draft.total, draft.currency}));
    }
    if (postings.empty()) return {};
    WEIR_TRY(
        run("insert into billing.charge (key, invoice_id, tenant, customer, currency, "
            "amount_minor, state, changed_at_us) select u.*, 'planned', c.now from unnest("
            "$1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) u "
            "cross join (select quota.v1_clock_us() as now) c",
            bind_all(key, invoice_id, tenant, customer, currency, amount)));
    WEIR_TRY(
        run("insert into billing.charge_event (key, from_state, to_state, detail, at_us) "
            "select u.key, '', 'planned', 'invoice ' || u.invoice, c.now from unnest($1::text[], "
            "$2::text[]) u (key, invoice) cross join (select quota.v1_clock_us() as now) c",
            bind_all(key, invoice_id)));
    return post(*lease_, postings, deadline_);
  }

  Database::Lease lease_;
  Deadline deadline_;
  std::map<std::string, std::int64_t> last_number_;  // of the tenants whose row is locked
  std::vector<New> new_;                             // not yet written
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
