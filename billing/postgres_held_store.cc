#include "billing/postgres_held_store.h"

#include "billing/columns.h"
#include "billing/frozen_rows.h"

namespace weir {

Status PostgresHeldStore::refresh(const std::vector<HeldPeriod>& held, Deadline deadline) {
  TextColumn tenant, subscription, customer, reason, detail, next_action;
  NumberColumn from, to;
  for (const HeldPeriod& period : held) {
    tenant.add(period.key.tenant);
    subscription.add(period.key.subscription);
    from.add(period.key.from_us);
    to.add(period.key.to_us);
    customer.add(period.customer);
    reason.add(period.reason);
    detail.add(period.detail);
    next_action.add(period.next_action);
  }
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);
  if (!tx) return tx.error();
  WEIR_TRY(tx->run(
      "insert into billing.held (tenant, subscription, period_from_us, period_to_us, customer, "
      "reason, detail, next_action, first_seen_us, last_seen_us) select u.*, c.now, c.now from "
      "unnest("
      "$1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], "
      "$8::text[]) u "
      "cross join (select quota.v1_clock_us() as now) c "
      "on conflict (tenant, subscription, period_from_us) where resolved_at_us is null "
      "do update set reason = excluded.reason, detail = excluded.detail, "
      "customer = excluded.customer, next_action = excluded.next_action, "
      "last_seen_us = excluded.last_seen_us",
      bind_all(tenant, subscription, from, to, customer, reason, detail, next_action), deadline));
  WEIR_TRY(tx->run(
      "update billing.held h set resolved_at_us = quota.v1_clock_us(), "
      "resolution = 'no longer due' where resolved_at_us is null and not exists (select from "
      "unnest($1::text[], $2::text[], $3::bigint[]) u (tenant, subscription, from_us) where "
      "u.tenant = h.tenant and u.subscription = h.subscription and u.from_us = h.period_from_us)",
      bind_all(tenant, subscription, from), deadline));
  return tx->commit(deadline);
}

Result<std::vector<HeldPeriod>> PostgresHeldStore::open(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  const Result<Rows> rows = (*lease)->run(
      "select tenant, subscription, period_from_us, period_to_us, customer, reason, detail, "
      "first_seen_us, last_seen_us, next_action from billing.held where resolved_at_us is null "
      "order by tenant, customer, subscription, period_from_us",
      deadline);
  if (!rows) return rows.error();
  std::vector<HeldPeriod> held;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    held.push_back({{std::string(rows->text(i, 0)), std::string(rows->text(i, 1)),
                     rows->integer(i, 2), rows->integer(i, 3)},
                    std::string(rows->text(i, 4)),
                    std::string(rows->text(i, 5)),
                    std::string(rows->text(i, 6)),
                    rows->integer(i, 7),
                    rows->integer(i, 8),
                    std::string(rows->text(i, 9))});
  }
  return held;
}

Result<std::vector<InvoicedSpan>> PostgresHeldStore::invoiced_spans(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  return FrozenRows(**lease, deadline).invoiced_spans();
}

}  // namespace weir
