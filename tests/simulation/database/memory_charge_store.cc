#include "tests/simulation/database/memory_charge_store.h"

#include "tests/simulation/database/postings.h"

#include <algorithm>

namespace weir::simulation {
namespace {

/// The row, if it is in `from`, and its line of history.
Result<bool> change(Session& session, Billing& billing, const std::string& key, ChargeState from,
                    ChargeState to, const std::string& reference, const std::string& detail) {
  const auto changed = billing.charge.update(
      session, key, [&](const ChargeRow& row) { return row.state == from; },
      [&](ChargeRow& row) {
        row.state = to;
        row.detail = detail;
        if (!reference.empty()) row.reference = reference;
        row.attempts += to == ChargeState::sent ? 1 : 0;
        row.changed_at_us = session.now_us();
      });
  if (!changed || !*changed) return changed;
  WEIR_TRY(add_charge_event(session, billing, key, name_of(from), name_of(to),
                            reference.empty() ? detail : reference));
  return true;
}

bool is_open(ChargeState state) {
  return state == ChargeState::planned || state == ChargeState::sent ||
         state == ChargeState::unknown;
}

}  // namespace

Result<std::vector<OpenCharge>> MemoryChargeStore::open_charges(Deadline) {
  return Session::once(
      database_.server(), "charge.open", [&](Session& session) -> Result<std::vector<OpenCharge>> {
        const Billing& billing = database_.billing();
        std::map<std::tuple<std::int64_t, std::string, std::int64_t>, OpenCharge> open;
        billing.charge.each(session, [&](const std::string& key, const ChargeRow& row) {
          if (!is_open(row.state)) return;
          const InvoiceRow* invoice = billing.invoice.find(session, row.invoice_id);
          if (invoice == nullptr) return;
          open[{invoice->close_id, invoice->tenant, invoice->number}] = {
              {key, row.tenant, row.customer, row.invoice_id,
               Money{MoneyMinor(row.amount_minor), row.currency}},
              row.state};
        });
        std::vector<OpenCharge> out;
        for (auto& [place, charge] : open) out.push_back(std::move(charge));
        return out;
      });
}

Result<bool> MemoryChargeStore::move(const std::string& key, ChargeState from, ChargeState to,
                                     const std::string& detail, Deadline) {
  Session session(database_.server());
  const Result<bool> changed = session.run("charge.move", [&] {
    return change(session, database_.billing(), key, from, to, "", detail);
  });
  if (!changed || !*changed) return changed;
  WEIR_TRY(session.commit("charge.commit"));
  return true;
}

Result<bool> MemoryChargeStore::settle(const OpenCharge& charge, const std::string& reference,
                                       Deadline) {
  Billing& billing = database_.billing();
  const ChargeOrder& order = charge.order;
  Session session(database_.server());
  const Result<bool> changed = session.run("charge.settle", [&] {
    return change(session, billing, order.key, charge.state, ChargeState::succeeded, reference, "");
  });
  if (!changed || !*changed) return changed;
  if (const auto done = session.run("charge.post",
                                    [&] {
                                      return post(session, billing,
                                                  payment_posting(order.tenant, order.customer,
                                                                  order.key, order.amount));
                                    });
      !done)
    return done.error();
  WEIR_TRY(session.commit("charge.commit"));
  return true;
}

}  // namespace weir::simulation
