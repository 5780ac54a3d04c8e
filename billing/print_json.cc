// One JSON object a command, for machines.
#include "base/json_writer.h"
#include "billing/print.h"
#include "billing/print_parts.h"

namespace weir {
namespace {

void write_money(JsonWriter& json, std::string_view name, MoneyMinor amount,
                 const std::string& currency) {
  const Result<int> digits = minor_digits(currency);
  json.field(name, decimal_text(amount, digits ? *digits : 0));
}

void write_period(JsonWriter& json, const PeriodKey& key) {
  json.field("subscription", key.subscription);
  json.field("from", format_rfc3339(key.from_us)).field("to", format_rfc3339(key.to_us));
}

void write_held(JsonWriter& json, const std::vector<HeldPeriod>& held, std::int64_t now_us) {
  json.key("held").begin_array();
  for (const HeldPeriod& period : held) {
    json.begin_object().field("tenant", period.key.tenant).field("customer", period.customer);
    write_period(json, period.key);
    json.field("reason", period.reason).field("detail", period.detail);
    json.field("next_action", period.next_action);
    json.field("first_seen", format_rfc3339(period.first_seen_us));
    json.field("age_s", (now_us - period.first_seen_us) / kMicrosPerSecond).end_object();
  }
  json.end_array();
}

void write_lines(JsonWriter& json, const std::vector<InvoiceLine>& lines,
                 const std::string& currency) {
  json.key("lines").begin_array();
  for (const InvoiceLine& line : lines) {
    json.begin_object().field("kind", name_of(line.kind));
    write_period(json, line.period);
    if (line.kind != InvoiceLine::Kind::base) {
      json.field("meter", line.meter).field("units", line.units).field("added", line.added);
    }
    write_money(json, "amount", line.amount, currency);
    json.end_object();
  }
  json.end_array();
}

void write_invoice(JsonWriter& json, const StoredInvoice& invoice) {
  json.begin_object().field("id", invoice.id).field("tenant", invoice.tenant);
  json.field("customer", invoice.customer).field("close", invoice.close_id);
  write_money(json, "total", invoice.total.minor, invoice.total.currency);
  json.field("currency", invoice.total.currency).field("charge", invoice.charge_state);
  json.field("charge_reference", invoice.charge_reference);
  json.field("charge_key", invoice.charge_key).field("made_at", format_rfc3339(invoice.made_at_us));
  write_lines(json, invoice.lines, invoice.total.currency);
  if (!invoice.history.empty()) {
    json.key("history").begin_array();
    for (const ChargeEvent& event : invoice.history) {
      json.begin_object().field("at", format_rfc3339(event.at_us)).field("from", event.from);
      json.field("to", event.to).field("detail", event.detail).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace

std::string run_json(const CycleReport& report, std::int64_t now_us) {
  JsonWriter json;
  json.begin_object().field("t", format_rfc3339(report.t_us));
  json.field("exit", static_cast<std::int32_t>(report.exit()));
  json.key("closed").begin_array();
  for (const CloseHead& close : report.closed) {
    json.begin_object().field("close", close.id).field("t", format_rfc3339(close.t_us));
    json.field("certificate", close.digest).end_object();
  }
  json.end_array().field("invoices", report.invoices);
  json.key("charges").begin_object().field("succeeded", report.charges.succeeded);
  json.field("declined", report.charges.declined).field("unknown", report.charges.unknown);
  json.field("held", report.charges.held);
  json.field("waiting", report.charges.waiting).end_object();
  json.key("problems").begin_array();
  for (const std::string& problem : report.charges.problems) json.value(problem);
  json.end_array();
  write_reasons(json, report.reasons, now_us);
  write_held(json, report.held, now_us);
  return json.end_object().text() + "\n";
}

std::string invoices_json(const std::vector<StoredInvoice>& invoices) {
  JsonWriter json;
  json.begin_object().key("invoices").begin_array();
  for (const StoredInvoice& invoice : invoices) write_invoice(json, invoice);
  return json.end_array().end_object().text() + "\n";
}

std::string invoice_json(const StoredInvoice& invoice) {
  JsonWriter json;
  write_invoice(json, invoice);
  return json.text() + "\n";
}

std::string preview_json(const std::vector<DraftInvoice>& drafts, std::int64_t t_us) {
  JsonWriter json;
  json.begin_object().field("t", format_rfc3339(t_us)).key("invoices").begin_array();
  for (const DraftInvoice& draft : drafts) {
    json.begin_object().field("tenant", draft.tenant).field("customer", draft.customer);
    write_money(json, "total", draft.total, draft.currency);
    json.field("currency", draft.currency);
    write_lines(json, draft.lines, draft.currency);
    json.end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

std::string held_json(const std::vector<HeldPeriod>& held, const std::vector<StuckCharge>& stuck,
                      std::int64_t now_us) {
  JsonWriter json;
  json.begin_object();
  write_held(json, held, now_us);
  json.key("charges").begin_array();
  for (const StuckCharge& charge : stuck) {
    json.begin_object().field("invoice", charge.invoice).field("customer", charge.customer);
    write_money(json, "amount", charge.amount.minor, charge.amount.currency);
    json.field("currency", charge.amount.currency).field("state", charge.state);
    json.field("detail", charge.detail).field("since", format_rfc3339(charge.since_us));
    json.end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

std::string certificates_json(const std::vector<StoredCertificate>& chain) {
  JsonWriter json;
  json.begin_object().key("certificates").begin_array();
  for (const StoredCertificate& link : chain) {
    json.begin_object().field("digest", link.digest);
    json.key("certificate").raw(link.certificate).end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

}  // namespace weir
