#include "base/json_writer.h"
#include "base/time.h"
#include "billing/verify/from_stream.h"
#include "billing/verify/verify_print.h"
#include "catalog/catalog.h"

namespace weir {
namespace {

std::string from_text(std::int64_t from_us) {
  return from_us == kSinceAlwaysUs ? "the stream's beginning" : format_rfc3339(from_us);
}

}  // namespace

std::string recount_text(const RecountReport& report) {
  std::string text = "close " + std::to_string(report.close_id) + ", events of " +
                     from_text(report.from_us) + " to " + format_rfc3339(report.to_us) + "\n";
  for (const std::string& note : report.notes) text += "note: " + note + "\n";
  if (!report.possible) return text + "not possible: the stream no longer holds what was counted\n";
  text += "recounted: " + std::to_string(report.events) + " events, " +
          std::to_string(report.copies) + " of them copies, into " + std::to_string(report.sums) +
          " sums\n";
  if (report.found.none()) return text + "same\n";
  return text + "\n" + differences_text(report.found) + "\n" +
         std::to_string(report.found.count()) +
         " differences: the ledger is not what the stream adds up to; call an operator\n";
}

std::string recount_json(const RecountReport& report) {
  JsonWriter json;
  json.begin_object().field("close", report.close_id).field("possible", report.possible);
  json.field("same", report.possible && report.found.none());
  json.field("from", from_text(report.from_us)).field("to", format_rfc3339(report.to_us));
  json.field("events", report.events).field("copies", report.copies).field("sums", report.sums);
  json.key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().field("difference_count", report.found.count());
  return json.key("differences").raw(differences_json(report.found)).end_object().text() + "\n";
}

}  // namespace weir
