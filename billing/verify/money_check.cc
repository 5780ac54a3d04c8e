#include "billing/verify/money_check.h"

#include "billing/invoice.h"

namespace weir {
namespace {

/// What tells two entries apart, as text.
std::string text_of(const MoneyRows::Entry& entry) {
  return format_money(entry.amount) + ": " + entry.debit + " from " + entry.credit;
}

MoneyRows::Entry entry_of(const Posting& posting) {
  return {posting.kind, posting.reference, posting.debit.id, posting.credit.id, posting.amount};
}

void check_charge(const MoneyRows::Invoice& invoice, const MoneyRows::Charge& charge,
                  Differences& found) {
  const std::string where = "charge of invoice " + invoice.id;
  found.expect("charge_key", where, charge.key, invoice.key);
  found.expect("charge_amount", where, format_money(charge.amount), format_money(invoice.total));
  found.expect("charge_customer", where, charge.tenant + "/" + charge.customer,
               invoice.tenant + "/" + invoice.customer);
  found.expect("charge_state", where, charge.state, charge.last_event);
}

}  // namespace

void check_numbers(const MoneyRows& rows, Differences& found) {
  std::map<std::string, std::int64_t> last;
  for (const MoneyRows::Invoice& invoice : rows.invoices) {
    const std::int64_t expected = last[invoice.tenant] + 1;
    found.expect("invoice_number", "invoice " + invoice.id, invoice.number, expected);
    found.expect("invoice_id", "invoice " + invoice.id, invoice.id,
                 invoice_id(invoice.tenant, invoice.number));
    last[invoice.tenant] = invoice.number;
  }
  for (const auto& [tenant, number] : rows.counters) {
    found.expect("invoice_counter", "tenant " + tenant, number, last[tenant]);
  }
}

void check_charges(const MoneyRows& rows, Differences& found) {
  std::map<std::string, const MoneyRows::Charge*> by_invoice;
  for (const MoneyRows::Charge& charge : rows.charges) by_invoice[charge.invoice] = &charge;
  for (const MoneyRows::Invoice& invoice : rows.invoices) {
    const auto charge = by_invoice.find(invoice.id);
    const bool due = invoice.total.minor.value > 0;
    if (charge == by_invoice.end()) {
      if (due) found.add("charge", "invoice " + invoice.id, "", format_money(invoice.total));
      continue;
    }
    if (due) {
      check_charge(invoice, *charge->second, found);
    } else {
      found.add("charge", "invoice " + invoice.id, format_money(charge->second->amount), "");
    }
    by_invoice.erase(charge);
  }
  for (const auto& [invoice, charge] : by_invoice) {
    found.add("charge", "invoice " + invoice + ", which does not exist",
              format_money(charge->amount), "");
  }
}

void check_ledger(const MoneyRows& rows, Differences& found) {
  std::map<std::pair<std::string, std::string>, MoneyRows::Entry> wanted;
  auto want = [&](const Posting& posting) {
    wanted[{posting.kind, posting.reference}] = entry_of(posting);
  };
  for (const MoneyRows::Invoice& invoice : rows.invoices) {
    if (invoice.total.minor.value <= 0) continue;
    want(invoice_posting(invoice.tenant, invoice.customer, invoice.id, invoice.total));
  }
  for (const MoneyRows::Charge& charge : rows.charges) {
    if (charge.state != "succeeded") continue;
    want(payment_posting(charge.tenant, charge.customer, charge.key, charge.amount));
  }
  for (const MoneyRows::Entry& entry : rows.entries) {
    const std::string where = entry.kind + " " + entry.reference;
    const auto expected = wanted.find({entry.kind, entry.reference});
    if (expected == wanted.end()) {
      found.add("ledger_entry", where, text_of(entry), "");
      continue;
    }
    found.expect("ledger_entry", where, text_of(entry), text_of(expected->second));
    wanted.erase(expected);
  }
  for (const auto& [key, entry] : wanted) {
    found.add("ledger_entry", entry.kind + " " + entry.reference, "", text_of(entry));
  }
}

void check_provider(const MoneyRows& rows, const Taken& taken, Differences& found) {
  std::map<std::string, const MoneyRows::Charge*> known;
  for (const MoneyRows::Charge& charge : rows.charges) known[charge.key] = &charge;
  for (const auto& [key, receipt] : taken) {
    const auto charge = known.find(key);
    if (charge == known.end()) {
      found.add("provider_charge", "charge " + key + " (" + receipt.first + ")", "",
                "taken by the provider: " + format_money(receipt.second));
      continue;
    }
    const std::string where = "charge of invoice " + charge->second->invoice;
    const std::string& state = charge->second->state;
    if (state != "held") {
      found.expect("provider_amount", where, format_money(charge->second->amount),
                   format_money(receipt.second));
    }
    if (state == "planned" || state == "declined") {
      found.add("provider_charge", where, state, "taken by the provider as " + receipt.first);
    }
    if (state == "succeeded") {
      found.expect("provider_reference", where, charge->second->reference, receipt.first);
    }
  }
  for (const MoneyRows::Charge& charge : rows.charges) {
    if (charge.state != "succeeded" || taken.contains(charge.key)) continue;
    found.add("provider_charge", "charge of invoice " + charge.invoice, "succeeded",
              "the provider has no such charge");
  }
}

}  // namespace weir
