#include "billing/postgres_charge_store.h"

#include "billing/ledger.h"

namespace weir {
namespace {

/// The row, if it is in `from`, and its line of history.
Result<bool> change(Transaction& tx, const std::string& key, ChargeState from, ChargeState to,
                    const std::string& reference, const std::string& detail, Deadline deadline) {
  const auto changed = tx.run(
      "update billing.charge set state = $3, detail = $4, "
      "reference = case when $5 = '' then reference else $5 end, "
      "attempts = attempts + case when $3 = 'sent' then 1 else 0 end, "
      "changed_at_us = quota.v1_clock_us() where key = $1 and state = $2",
      Params().text(key).text(name_of(from)).text(name_of(to)).text(detail).text(reference),
      deadline);
  if (!changed) return changed.error();
  if (changed->affected() != 1) return false;
  const std::string what = reference.empty() ? detail : reference;
  WEIR_TRY(
      tx.run("insert into billing.charge_event (key, from_state, to_state, detail, at_us) "
             "values ($1, $2, $3, $4, quota.v1_clock_us())",
             Params().text(key).text(name_of(from)).text(name_of(to)).text(what), deadline));
  return true;
}

}  // namespace

Result<std::vector<OpenCharge>> PostgresChargeStore::open_charges(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  const Result<Rows> rows = (*lease)->run(
      "select c.key, c.tenant, c.customer, c.invoice_id, c.amount_minor, c.currency, c.state "
      "from billing.charge c join billing.invoice i on i.id = c.invoice_id "
      "where c.state in ('planned', 'sent', 'unknown') order by i.close_id, i.tenant, i.number",
      deadline);
  if (!rows) return rows.error();
  std::vector<OpenCharge> open;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto state = parse_charge_state(rows->text(i, 6));
    if (!state) return state.error();
    open.push_back({{std::string(rows->text(i, 0)), std::string(rows->text(i, 1)),
                     std::string(rows->text(i, 2)), std::string(rows->text(i, 3)),
                     Money{MoneyMinor(rows->integer(i, 4)), std::string(rows->text(i, 5))}},
                    *state});
  }
  return open;
}

Result<bool> PostgresChargeStore::move(const std::string& key, ChargeState from, ChargeState to,
                                       const std::string& detail, Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  const Result<bool> changed = change(*tx, key, from, to, "", detail, deadline);
  if (!changed || !*changed) return changed;
  WEIR_TRY(tx->commit(deadline));
  return true;
}

Result<bool> PostgresChargeStore::settle(const OpenCharge& charge, const std::string& reference,
                                         Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  const ChargeOrder& order = charge.order;
  const Result<bool> changed =
      change(*tx, order.key, charge.state, ChargeState::succeeded, reference, "", deadline);
  if (!changed || !*changed) return changed;
  const Posting paid = payment_posting(order.tenant, order.customer, order.key, order.amount);
  WEIR_TRY(post(tx->connection(), {&paid, 1}, deadline));
  WEIR_TRY(tx->commit(deadline));
  return true;
}

}  // namespace weir
