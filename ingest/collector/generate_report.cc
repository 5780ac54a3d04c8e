#include "ingest/collector/generate_report.h"

#include "base/log.h"

#include <fmt/format.h>
#include <iterator>

namespace weir {
namespace {

using Out = std::back_insert_iterator<std::string>;

void write_counts(const ExpectedTotals& totals, Out out) {
  fmt::format_to(
      out, R"("received":{},"events":{},"duplicates":{},"restamped":{},"late":{},"poison":{})",
      totals.received(), totals.events, totals.duplicates, totals.restamped, totals.late,
      totals.poison);
}

void write_meter(const ExpectedTotals::Subscription& owner, std::size_t meter, Out out) {
  fmt::format_to(out, R"({{"tenant":{},"subscription":{},"meter":"{}","units":{},"buckets":[)",
                 json_quote(owner.tenant), json_quote(owner.id), kGeneratedMeters[meter],
                 owner.sum.of[meter]);
  const char* comma = "";
  for (const auto& [start, amounts] : owner.buckets) {
    if (amounts.of[meter] == 0) continue;
    fmt::format_to(out, "{}[{},{}]", comma, start, amounts.of[meter]);
    comma = ",";
  }
  fmt::format_to(out, "]}}");
}

}  // namespace

std::string totals_table(const ExpectedTotals& totals) {
  std::string text;
  Out out(text);
  fmt::format_to(out, "{:<12} {:<16} {:>12} {:>12} {:>14}\n", "tenant", "subscription",
                 kGeneratedMeters[0], kGeneratedMeters[1], kGeneratedMeters[2]);
  MeterAmounts all;
  for (const ExpectedTotals::Subscription& owner : totals.subscriptions) {
    if (owner.buckets.empty()) continue;
    fmt::format_to(out, "{:<12} {:<16} {:>12} {:>12} {:>14}\n", owner.tenant, owner.id,
                   owner.sum.of[0], owner.sum.of[1], owner.sum.of[2]);
    all.add(owner.sum);
  }
  fmt::format_to(out, "{:<12} {:<16} {:>12} {:>12} {:>14}\n\n", "", "all", all.of[0], all.of[1],
                 all.of[2]);
  fmt::format_to(out,
                 "received {} = {} events ({} of them late) + {} duplicates ({} re-stamped) "
                 "+ {} poison\n",
                 totals.received(), totals.events, totals.late, totals.duplicates, totals.restamped,
                 totals.poison);
  return text;
}

std::string totals_json(const ExpectedTotals& totals) {
  std::string text = "{";
  Out out(text);
  write_counts(totals, out);
  text += R"(,"totals":[)";
  const char* comma = "";
  for (const ExpectedTotals::Subscription& owner : totals.subscriptions) {
    for (std::size_t meter = 0; meter < kGeneratedMeters.size(); ++meter) {
      if (owner.sum.of[meter] == 0) continue;
      text += comma;
      write_meter(owner, meter, out);
      comma = ",";
    }
  }
  text += R"(],"routes":[)";
  comma = "";
  for (const ExpectedTotals::Route& route : totals.routes) {
    fmt::format_to(out, R"({}{{"route":{},"requests":{},"server_errors":{}}})", comma,
                   json_quote(route.name), route.requests, route.server_errors);
    comma = ",";
  }
  return text + "]}\n";
}

}  // namespace weir
