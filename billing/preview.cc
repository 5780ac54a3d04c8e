#include "billing/preview.h"

#include "billing/billable_rows.h"
#include "billing/freeze_rows.h"
#include "billing/frozen_rows.h"
#include "billing/quota_contract.h"

namespace weir {

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
  FrozenRows rows(**lease, deadline);
  const auto frozen = freeze_rows(rows, *catalog, *last ? (*last)->t_us : INT64_MIN, t_us);
  if (!frozen) return frozen.error();
  const std::int64_t close_id = *last ? (*last)->id + 1 : 1;
  WEIR_TRY(rows.add(close_id, (*stored)->version, *frozen));
  const auto billable = BillableRows(**lease, deadline).read(close_id);
  if (!billable) return billable.error();
  return draft_invoices((*billable)->periods);
}

}  // namespace weir
