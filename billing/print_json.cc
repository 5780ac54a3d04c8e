// One JSON object a command, for machines.
#include "base/json_writer.h"
#include "billing/print.h"
#include "billing/trust.h"

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

void write_reasons(JsonWriter& json, const std::vector<Reason>& reasons, std::int64_t now_us) {
  json.key("reasons").begin_array();
  for (const Reason& reason : reasons) {
    json.begin_object().field("reason", reason.code);
    if (reason.partition) json.field("partition", *reason.partition);
    json.field("detail", reason.detail).field("next_action", reason.next_action);
    if (reason.since_us > 0) json.field("age_s", (now_us - reason.since_us) / kMicrosPerSecond);
    json.end_object();
  }
  json.end_array();
}

void write_held(JsonWriter& json, const std::vector<HeldPeriod>& held, std::int64_t now_us) {
  json.key("held").begin_array();
  for (const HeldPeriod& period : held) {
    json.begin_object().field("tenant", period.key.tenant).field("customer", period.customer);
    write_period(json, period.key);
    json.field("reason", period.reason).field("detail", period.detail);
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

std::string check_json(const Standing& standing, const Readiness& readiness) {
  JsonWriter json;
  json.begin_object().field("t", format_rfc3339(readiness.t_us));
  json.field("ready", readiness.ready());
  json.field("closed_until", format_rfc3339(standing.deployment.closed_until_us));
  json.key("partitions").begin_array();
  for (const QuotaPartition& row : standing.progress) {
    json.begin_object().field("partition", row.partition).field("next", row.next);
    const auto number = static_cast<std::size_t>(row.partition);
    if (standing.stream && number < standing.stream->partitions.size()) {
      json.field("end", standing.stream->partitions[number].end);
    }
    for (const WrittenBarrier& barrier : barriers_of(standing, readiness.t_us)) {
      if (barrier.partition == row.partition) json.field("e", barrier.e);
    }
    json.end_object();
  }
  json.end_array();
  write_reasons(json, readiness.reasons, standing.now_us);
  json.key("assumptions").begin_array();
  for (const Assumption& assumed : assumptions(standing)) {
    json.begin_object().field("assumption", assumed.code).field("text", assumed.text).end_object();
  }
  json.end_array().field("unprovable", standing.unprovable);
  return json.end_object().text() + "\n";
}

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
  json.field("held", report.charges.held).end_object();
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
