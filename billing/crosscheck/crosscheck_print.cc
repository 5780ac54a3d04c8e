#include "base/json_writer.h"
#include "base/text_table.h"
#include "base/time.h"
#include "billing/crosscheck/crosscheck.h"

namespace weir {
namespace {

constexpr std::size_t kShown = 100;

std::string signed_text(std::int64_t n) { return (n > 0 ? "+" : "") + std::to_string(n); }

std::string vector_text(const std::vector<std::int64_t>& vector) {
  std::string text;
  for (const std::int64_t n : vector) text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "[" + text + "]";
}

std::string table_of(const CrosscheckReport& report) {
  TextTable table({"tenant", "subscription", "quota", "analytics", "difference", "unprovable"});
  for (std::size_t i = 0; i < std::min(kShown, report.differences.size()); ++i) {
    const CrosscheckRow& row = report.differences[i];
    table.add({row.tenant, row.subscription, std::to_string(row.quota),
               std::to_string(row.analytics), signed_text(row.quota - row.analytics),
               std::to_string(row.unprovable)});
  }
  std::string text = table.text();
  if (report.differences.size() > kShown) {
    text +=
        "and " + std::to_string(report.differences.size() - kShown) + " more (--json lists them)\n";
  }
  return text;
}

}  // namespace

std::string crosscheck_text(const CrosscheckReport& report) {
  const CrosscheckPlace& place = report.place;
  std::string text = "events of " + format_rfc3339(place.range.from_us) + " to " +
                     format_rfc3339(place.range.to_us) + " below the cut of close " +
                     std::to_string(place.close_id) + ", " + vector_text(place.vector) + "\n";
  for (const std::string& sentence : report.not_compared) text += "note: " + sentence + "\n";
  if (report.accepted_unprovable > 0) {
    text += "note: " + std::to_string(report.accepted_unprovable) +
            " requests were too late to be proven new and were accepted by an operator\n";
  }
  if (!report.equal()) text += "\n" + table_of(report) + "\n";
  return text + (report.equal() ? "equal: " : "DIFFERENT: ") +
         std::to_string(report.quota_requests) + " requests in quota, " +
         std::to_string(report.analytics_requests) + " in analytics, " +
         std::to_string(report.subscriptions) + " subscriptions, " +
         std::to_string(report.differences.size()) +
         " of them different; no amount depends on this\n";
}

std::string crosscheck_json(const CrosscheckReport& report) {
  const CrosscheckPlace& place = report.place;
  JsonWriter json;
  json.begin_object().field("equal", report.equal()).field("close", place.close_id);
  json.field("from", format_rfc3339(place.range.from_us));
  json.field("to", format_rfc3339(place.range.to_us)).field("incarnation", place.incarnation);
  json.key("vector").begin_array();
  for (const std::int64_t n : place.vector) json.value(n);
  json.end_array().field("tenants", report.tenants).field("subscriptions", report.subscriptions);
  json.field("quota_requests", report.quota_requests);
  json.field("analytics_requests", report.analytics_requests);
  json.field("accepted_unprovable", report.accepted_unprovable);
  json.key("not_compared").begin_array();
  for (const std::string& sentence : report.not_compared) json.value(sentence);
  json.end_array().key("differences").begin_array();
  for (const CrosscheckRow& row : report.differences) {
    json.begin_object().field("tenant", row.tenant).field("subscription", row.subscription);
    json.field("quota", row.quota).field("analytics", row.analytics);
    json.field("unprovable", row.unprovable).end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

}  // namespace weir
