#include "base/crash_point.h"
#include "billing/bill_store.h"
#include "billing/charge_key.h"

namespace weir {
namespace {

constexpr const char* kKind = "usage";

Result<NewInvoice> number_invoice(BillTransaction& tx, const CloseHead& close, DraftInvoice draft) {
  const Result<std::int64_t> number = tx.next_number(draft.tenant);
  if (!number) return number.error();
  NewInvoice invoice;
  invoice.number = *number;
  invoice.id = invoice_id(draft.tenant, *number);
  invoice.charge_key = charge_key(
      {close.digest, draft.tenant, draft.customer, kKind, draft.periods(), invoice.revision});
  invoice.draft = std::move(draft);
  return invoice;
}

}  // namespace

Result<Billed> bill_close(BillStore& store, const CloseHead& close, Deadline deadline) {
  auto tx = store.begin(deadline);
  if (!tx) return tx.error();
  const Result<bool> claimed = (*tx)->claim(close.id);
  if (!claimed) return claimed.error();
  if (!*claimed) return Billed{};
  const auto billable = (*tx)->read_billable(close.id);
  if (!billable) return billable.error();
  auto drafts = draft_invoices((*billable)->periods);
  if (!drafts) return drafts.error().within("close " + std::to_string(close.id));
  Billed billed;
  for (DraftInvoice& draft : *drafts) {
    const auto invoice = number_invoice(**tx, close, std::move(draft));
    if (!invoice) return invoice.error();
    WEIR_TRY((*tx)->add_invoice(close.id, *invoice));
    ++billed.invoices;
  }
  const auto resolved = (*tx)->resolve_held(close.id);
  if (!resolved) return resolved.error();
  billed.holds_resolved = *resolved;
  WEIR_CRASH_POINT("bill.before_commit");
  WEIR_TRY((*tx)->commit());
  WEIR_CRASH_POINT("bill.after_commit");
  return billed;
}

}  // namespace weir
