#include "billing/verify/verify_print.h"

#include "base/json_writer.h"
#include "base/text_table.h"

namespace weir {
namespace {

/// A terminal is not helped by ten thousand rows.
constexpr std::size_t kShown = 100;

/// "1 close", "3 closes"
std::string counted(std::int64_t n, const std::string& what) {
  const bool y = what.ends_with('y');
  const std::string many = y ? what.substr(0, what.size() - 1) + "ies" : what + "s";
  return std::to_string(n) + " " + (n == 1 ? what : many);
}

}  // namespace

std::string differences_text(const Differences& found) {
  TextTable table({"what", "where", "stored", "recomputed"});
  for (const Difference& one : found.list()) {
    table.add({one.what, one.where, one.stored.empty() ? "-" : one.stored,
               one.recomputed.empty() ? "-" : one.recomputed});
    if (&one - found.list().data() + 1 == static_cast<std::ptrdiff_t>(kShown)) break;
  }
  std::string text = table.text();
  const auto shown = static_cast<std::int64_t>(std::min(kShown, found.list().size()));
  if (found.count() > shown) {
    text += "and " + std::to_string(found.count() - shown) + " more (--json lists them)\n";
  }
  return text;
}

std::string differences_json(const Differences& found) {
  JsonWriter json;
  json.begin_array();
  for (const Difference& one : found.list()) {
    json.begin_object().field("what", one.what).field("where", one.where);
    json.field("stored", one.stored).field("recomputed", one.recomputed).end_object();
  }
  return json.end_array().text();
}

std::string verify_text(const VerifyReport& report) {
  std::string text = "recomputed: " + counted(report.closes, "close") + ", " +
                     counted(report.snapshot_rows, "snapshot row") + ", " +
                     counted(report.invoices, "invoice") + " of " + counted(report.lines, "line") +
                     ", " + counted(report.charges, "charge") + ", " +
                     counted(report.ledger_entries, "ledger entry") + ", " +
                     counted(report.provider_lines, "provider line") + "\n";
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  if (report.found.none()) return text + "same\n";
  return text + "\n" + differences_text(report.found) + "\n" +
         counted(report.found.count(), "difference") +
         ": what is stored is not what comes of its facts; charge nothing and call an operator\n";
}

std::string verify_json(const VerifyReport& report) {
  JsonWriter json;
  json.begin_object().field("same", report.found.none()).field("closes", report.closes);
  json.field("snapshot_rows", report.snapshot_rows).field("invoices", report.invoices);
  json.field("lines", report.lines).field("charges", report.charges);
  json.field("ledger_entries", report.ledger_entries);
  json.field("provider_lines", report.provider_lines).key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().field("difference_count", report.found.count());
  return json.key("differences").raw(differences_json(report.found)).end_object().text() + "\n";
}

}  // namespace weir
