#include "billing/crosscheck/commands.h"

#include "billing/command_parts.h"
#include "billing/crosscheck/analytics_side.h"
#include "billing/crosscheck/quota_side.h"

#include <set>

namespace weir::billing {
namespace {

constexpr ExitCode kDifferent{1};

std::vector<std::string> keys_of(const std::string& list) {
  std::vector<std::string> keys;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    std::string key = list.substr(at, end - at);
    std::erase(key, ' ');
    if (!key.empty()) keys.push_back(std::move(key));
    at = end + 1;
  }
  return keys;
}

/// Narrows the place to what the command line asks for.
Status narrow(CrosscheckPlace& place, const CrosscheckArguments& arguments) {
  const std::int64_t closed_us = place.range.to_us;
  for (const auto& [text, into] :
       {std::pair(&arguments.from, &place.range.from_us), {&arguments.to, &place.range.to_us}}) {
    if (text->empty()) continue;
    const auto time = parse_rfc3339(*text);
    if (!time) return time.error();
    *into = *time;
  }
  if (place.range.from_us < place.range.to_us && place.range.to_us <= closed_us) return {};
  return Error{ErrorCode::invalid, "the range must lie before " + format_rfc3339(closed_us),
               "--from and --to take RFC 3339 times on edges of buckets"};
}

/// Asks once a key. Gives the tenants that were compared.
Result<std::set<std::string>> compare_all(const BillingOptions& options, const QuotaSide& quota,
                                          CrosscheckReport& report) {
  HttpClient client;
  std::set<std::string> compared;
  for (const std::string& key : keys_of(options.analytics_keys)) {
    const auto counts = ask_analytics(client, options.analytics_url, key, report.place,
                                      Deadline::in(kCommandTimeout));
    if (!counts) return counts.error();
    if (!counts->reached) {
      return Error{ErrorCode::conflict,
                   "analytics has not applied all that lies below the cut of close " +
                       std::to_string(report.place.close_id),
                   "ask again when weir-analytics consume has caught up"};
    }
    const auto ours = quota.tenants.find(counts->tenant);
    if (ours == quota.tenants.end() || !compared.insert(counts->tenant).second) continue;
    compare_counts(ours->second, *counts, report);
  }
  return compared;
}

Result<CrosscheckReport> crosscheck(const BillingOptions& options,
                                    const CrosscheckArguments& arguments) {
  if (keys_of(options.analytics_keys).empty()) {
    return Error{ErrorCode::config, "billing.analytics_keys is not set",
                 "an API key of each tenant, comma-separated (weir-ingest keys new makes them)"};
  }
  const auto database = open_database(options, "crosscheck");
  if (!database) return database.error();
  const Deadline deadline = Deadline::in(kCommandTimeout);
  auto lease = (*database)->acquire(deadline);
  if (!lease) return lease.error();
  CrosscheckReport report;
  auto place = read_place(
      **lease, arguments.close > 0 ? std::optional(arguments.close) : std::nullopt, deadline);
  if (!place) return place.error();
  report.place = *std::move(place);
  WEIR_TRY(narrow(report.place, arguments));
  const auto quota = read_quota_side(**lease, report.place, deadline);
  if (!quota) return quota.error();
  const auto compared = compare_all(options, *quota, report);
  if (!compared) return compared.error();
  for (const std::string& tenant : quota->without_meter) {
    report.not_compared.push_back("tenant " + tenant +
                                  " is not compared: it has no meter that counts every request");
  }
  for (const auto& [tenant, counts] : quota->tenants) {
    if (compared->contains(tenant)) continue;
    report.not_compared.push_back("tenant " + tenant +
                                  " is not compared: billing.analytics_keys has no key of it");
  }
  return report;
}

}  // namespace

ExitCode crosscheck_command(const BillingOptions& options, const CrosscheckArguments& arguments) {
  const auto report = crosscheck(options, arguments);
  if (!report) {
    const ExitCode code = give_up(report.error());
    return report.error().code == ErrorCode::conflict ? ExitCode::held : code;
  }
  print(arguments.json ? crosscheck_json(*report) : crosscheck_text(*report));
  return report->equal() ? ExitCode::done : kDifferent;
}

}  // namespace weir::billing
