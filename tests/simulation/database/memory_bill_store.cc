#include "tests/simulation/database/memory_bill_store.h"

#include "tests/simulation/database/memory_bill.h"
#include "tests/simulation/database/postings.h"

namespace weir::simulation {

Result<std::unique_ptr<BillTransaction>> MemoryBillStore::begin(Deadline) {
  database_.server().scheduler.step("bill.begin");
  if (database_.server().away) {
    return Error{ErrorCode::unavailable, "the database is away", ""};
  }
  return std::unique_ptr<BillTransaction>(std::make_unique<MemoryBill>(database_));
}

Result<std::vector<CloseHead>> MemoryBillStore::unbilled_closes(Deadline) {
  return Session::once(database_.server(), "bill.unbilled_closes",
                       [&](Session& session) -> Result<std::vector<CloseHead>> {
                         const Billing& billing = database_.billing();
                         std::vector<CloseHead> out;
                         billing.close.each(session, [&](std::int64_t id, const CloseRow& row) {
                           if (billing.invoiced.find(session, id) != nullptr) return;
                           out.push_back({id, row.t_us, row.digest});
                         });
                         return out;
                       });
}

Result<bool> MemoryBill::claim(std::int64_t close_id) {
  return session_.run("bill.claim", [&] {
    return billing_.invoiced.insert(session_, close_id, session_.now_us());
  });
}

Result<std::int64_t> MemoryBill::next_number(const std::string& tenant) {
  return session_.run("bill.next_number", [&]() -> Result<std::int64_t> {
    std::int64_t number = 0;
    WEIR_TRY(
        billing_.invoice_counter.upsert(session_, tenant, 1, [&](std::int64_t& last, bool found) {
          if (found) ++last;
          number = last;
        }));
    return number;
  });
}

Status MemoryBill::add_invoice(std::int64_t close_id, const NewInvoice& invoice) {
  const DraftInvoice& draft = invoice.draft;
  if (const auto done =
          session_.run("bill.add_invoice", [&] { return insert_invoice(close_id, invoice); });
      !done)
    return done.error();
  if (const auto done =
          session_.run("bill.add_lines", [&] { return insert_lines(close_id, invoice); });
      !done)
    return done.error();
  if (draft.total.value <= 0) return {};
  if (const auto done = session_.run("bill.add_charge", [&] { return insert_charge(invoice); });
      !done)
    return done.error();
  return session_.run("bill.post", [&] {
    return post(
        session_, billing_,
        invoice_posting(draft.tenant, draft.customer, invoice.id, {draft.total, draft.currency}));
  });
}

Status MemoryBill::insert_invoice(std::int64_t close_id, const NewInvoice& invoice) {
  const DraftInvoice& draft = invoice.draft;
  if (invoice.revision < 1) return check_violation();
  InvoiceRow row;
  row.tenant = draft.tenant;
  row.number = invoice.number;
  row.close_id = close_id;
  row.customer = draft.customer;
  row.currency = draft.currency;
  row.revision = invoice.revision;
  row.total_minor = draft.total.value;
  row.charge_key = invoice.charge_key;
  row.made_at_us = session_.now_us();
  WEIR_TRY(billing_.invoice.insert_new(session_, invoice.id, std::move(row)));
  WEIR_TRY(billing_.invoice_number_once.insert_new(session_, {draft.tenant, invoice.number}, '\0'));
  WEIR_TRY(billing_.invoice_of_close_once.insert_new(
      session_, {close_id, draft.tenant, draft.customer, draft.currency, invoice.revision}, '\0'));
  return billing_.invoice_charge_once.insert_new(session_, invoice.charge_key, '\0');
}

Status MemoryBill::insert_lines(std::int64_t close_id, const NewInvoice& invoice) {
  int number = 0;
  for (const InvoiceLine& line : invoice.draft.lines) {
    WEIR_TRY(billing_.invoice_line.insert_new(session_, {invoice.id, ++number}, {close_id, line}));
    WEIR_TRY(billing_.line_of_period_once.insert_new(
        session_,
        {close_id, invoice.draft.tenant, line.period.subscription, line.period.from_us, line.meter},
        '\0'));
  }
  return {};
}

Status MemoryBill::insert_charge(const NewInvoice& invoice) {
  const DraftInvoice& draft = invoice.draft;
  ChargeRow row;
  row.invoice_id = invoice.id;
  row.tenant = draft.tenant;
  row.customer = draft.customer;
  row.currency = draft.currency;
  row.amount_minor = draft.total.value;
  row.changed_at_us = session_.now_us();
  WEIR_TRY(billing_.charge.insert_new(session_, invoice.charge_key, std::move(row)));
  WEIR_TRY(billing_.charge_invoice_once.insert_new(session_, invoice.id, '\0'));
  return add_charge_event(session_, billing_, invoice.charge_key, "", "planned",
                          "invoice " + invoice.id);
}

Result<std::int64_t> MemoryBill::resolve_held(std::int64_t close_id) {
  return session_.run("bill.resolve_held", [&]() -> Result<std::int64_t> {
    return billing_.held.update_all(
        session_,
        [&](const auto& key, const HeldRow& row) {
          const DueRow* due = billing_.due_period.find(session_, std::get<0>(key));
          return !row.resolved_at_us && due != nullptr && due->close_id == close_id;
        },
        [&](const auto&, HeldRow& row) {
          row.resolved_at_us = session_.now_us();
          row.resolution = "invoiced by close " + std::to_string(close_id);
        });
  });
}

}  // namespace weir::simulation
