#include "billing/preview.h"

#include "billing/billable_rows.h"
#include "billing/frozen_rows.h"
#include "billing/quota_contract.h"

namespace weir {
namespace {

Result<Frozen> freeze_now(Connection& connection, const Catalog& catalog, std::int64_t previous_us,
                          std::int64_t t_us, Deadline deadline) {
  FrozenRows rows(connection, deadline);
  FreezeInput input;
  input.catalog = &catalog;
  input.t_us = t_us;
  auto usage = rows.usage(previous_us, t_us);
  if (!usage) return usage.error();
  input.usage = *std::move(usage);
  auto adjustments = rows.unassigned_adjustments();
  if (!adjustments) return adjustments.error();
  input.adjustments = *std::move(adjustments);
  auto unattributed = rows.open_unattributed();
  if (!unattributed) return unattributed.error();
  input.unattributed = *std::move(unattributed);
  auto invoiced = rows.invoiced_spans();
  if (!invoiced) return invoiced.error();
  input.invoiced = *std::move(invoiced);
  return freeze(input);
}

}  // namespace

Result<std::vector<DraftInvoice>> preview(Database& database, std::int64_t t_us,
                                          Deadline deadline) {
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return lease.error();
  Result<Transaction> tx = Transaction::begin(**lease, deadline);  // never committed
  if (!tx) return tx.error();
  const auto stored = read_billing_catalog(**lease, deadline);
  if (!stored) return stored.error();
  if (!*stored) {
    return Error{ErrorCode::config, "billing has no catalogue", "weir-billing catalog apply FILE"};
  }
  const auto catalog = read_catalog_json((*stored)->canonical);
  if (!catalog) return catalog.error().within("stored catalogue");
  const auto last = read_last_close(**lease, deadline);
  if (!last) return last.error();
  if (*last && (*last)->t_us >= t_us) return std::vector<DraftInvoice>();
  const auto frozen =
      freeze_now(**lease, *catalog, *last ? (*last)->t_us : INT64_MIN, t_us, deadline);
  if (!frozen) return frozen.error();
  const std::int64_t close_id = *last ? (*last)->id + 1 : 1;
  WEIR_TRY(FrozenRows(**lease, deadline).add(close_id, (*stored)->version, *frozen));
  const auto billable = BillableRows(**lease, deadline).read(close_id);
  if (!billable) return billable.error();
  return draft_invoices((*billable)->periods);
}

}  // namespace weir
