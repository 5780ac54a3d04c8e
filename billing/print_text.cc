// Tables for people.
#include "base/text_table.h"
#include "billing/print.h"
#include "billing/print_parts.h"

namespace weir {
namespace {

std::string period_text(const PeriodKey& key) {
  return format_rfc3339(key.from_us) + " to " + format_rfc3339(key.to_us);
}

std::string held_table(const std::vector<HeldPeriod>& held, std::int64_t now_us) {
  TextTable table({"customer", "subscription", "period", "reason", "age"});
  for (const HeldPeriod& period : held) {
    table.add({period.key.tenant + "/" + period.customer, period.key.subscription,
               period_text(period.key), period.reason, age_of(period.first_seen_us, now_us)});
  }
  return table.text();
}

std::string lines_table(const std::vector<InvoiceLine>& lines, const std::string& currency) {
  TextTable table({"subscription", "period", "what", "units", "amount"});
  for (const InvoiceLine& line : lines) {
    const bool base = line.kind == InvoiceLine::Kind::base;
    std::string what = base ? "base fee" : line.meter;
    std::string units = base ? "" : std::to_string(line.units);
    if (line.kind == InvoiceLine::Kind::late) {
      what += " (late)";
      units += " (+" + std::to_string(line.added) + ")";
    }
    table.add({line.period.subscription, period_text(line.period), what, units,
               format_money({line.amount, currency})});
  }
  return table.text();
}

}  // namespace

std::string run_text(const CycleReport& report, std::int64_t now_us) {
  std::string text;
  for (const CloseHead& close : report.closed) {
    text += "closed up to " + format_rfc3339(close.t_us) + ": close " + std::to_string(close.id) +
            ", certificate " + close.digest + "\n";
  }
  if (report.closed.empty() && report.standing) {
    text += "nothing to close: closed up to " + format_rfc3339(report.standing->t_us) +
            " by close " + std::to_string(report.standing->id) + "\n";
  }
  const ChargeTally& charges = report.charges;
  text += std::to_string(report.invoices) +
          " invoices made; charges: " + std::to_string(charges.succeeded) + " succeeded, " +
          std::to_string(charges.declined) + " declined, " + std::to_string(charges.unknown) +
          " unknown, " + std::to_string(charges.held) + " held" +
          (charges.waiting == 0 ? "" : ", " + std::to_string(charges.waiting) + " wait") + "\n";
  for (const std::string& problem : charges.problems) text += "  " + problem + "\n";
  if (report.reasons.empty()) return text;
  text += "\nNOT READY to close at " + format_rfc3339(report.t_us) + "\n" +
          reasons_text(report.reasons, now_us);
  text += "\nHELD, not charged: " + std::to_string(report.held.size()) + " periods\n" +
          held_table(report.held, now_us);
  return text + "\nnext: " + most_urgent(report.reasons).next_action + "\n";
}

std::string invoices_text(const std::vector<StoredInvoice>& invoices) {
  TextTable table({"invoice", "customer", "total", "charge", "lines", "close", "made"});
  for (const StoredInvoice& invoice : invoices) {
    table.add({invoice.id, invoice.tenant + "/" + invoice.customer, format_money(invoice.total),
               invoice.charge_state, std::to_string(invoice.lines.size()),
               std::to_string(invoice.close_id), format_rfc3339(invoice.made_at_us)});
  }
  return invoices.empty() ? "no invoices\n" : table.text();
}

std::string invoice_text(const StoredInvoice& invoice) {
  std::string text = "invoice   " + invoice.id + "\ncustomer  " + invoice.tenant + "/" +
                     invoice.customer + "\nclose     " + std::to_string(invoice.close_id) +
                     "\nmade      " + format_rfc3339(invoice.made_at_us) + "\ntotal     " +
                     format_money(invoice.total) + "\ncharge    " + invoice.charge_state;
  if (!invoice.charge_reference.empty()) text += " (" + invoice.charge_reference + ")";
  text += "\nkey       " + invoice.charge_key + "\n\n" +
          lines_table(invoice.lines, invoice.total.currency);
  if (invoice.history.empty()) return text;
  TextTable history({"at", "from", "to", "detail"});
  for (const ChargeEvent& event : invoice.history) {
    history.add({format_rfc3339(event.at_us), event.from, event.to, event.detail});
  }
  return text + "\n" + history.text();
}

std::string preview_text(const std::vector<DraftInvoice>& drafts, std::int64_t t_us) {
  std::string text = "a close at " + format_rfc3339(t_us) +
                     " would make these invoices, from what is known now; nothing is proven:\n";
  for (const DraftInvoice& draft : drafts) {
    text += "\n" + draft.tenant + "/" + draft.customer + ": " +
            format_money({draft.total, draft.currency}) + "\n" +
            lines_table(draft.lines, draft.currency);
  }
  return drafts.empty() ? text + "\nno period is due\n" : text;
}

std::string held_text(const std::vector<HeldPeriod>& held, const std::vector<StuckCharge>& stuck,
                      std::int64_t now_us) {
  std::string text = held.empty() ? "no period is held\n" : held_table(held, now_us);
  std::string last;
  for (const HeldPeriod& period : held) {
    if (period.detail == last) continue;
    text += "\n" + period.detail + "\n";
    if (!period.next_action.empty()) text += "  next: " + period.next_action + "\n";
    last = period.detail;
  }
  if (stuck.empty()) return text;
  TextTable table({"invoice", "customer", "amount", "charge", "age", "detail"});
  for (const StuckCharge& charge : stuck) {
    table.add({charge.invoice, charge.customer, format_money(charge.amount), charge.state,
               age_of(charge.since_us, now_us), charge.detail});
  }
  return text + "\n" + table.text();
}

std::string certificates_text(const std::vector<StoredCertificate>& chain) {
  TextTable table({"close", "closed up to", "certificate", "predecessor"});
  for (const StoredCertificate& link : chain) {
    table.add({std::to_string(link.id), format_rfc3339(link.t_us), link.digest,
               link.predecessor.empty() ? "none" : link.predecessor.substr(0, 12)});
  }
  return chain.empty() ? "nothing was closed yet\n" : table.text() + "the chain holds\n";
}

}  // namespace weir
