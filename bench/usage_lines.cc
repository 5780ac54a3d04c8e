#include "bench/usage_lines.h"

#include "base/digest.h"
#include "bench/must.h"
#include "storage/duckdb/duck.h"
#include "storage/sqlite/sqlite.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <simdjson.h>

namespace weir::bench {
namespace {

constexpr std::int64_t kBytesMax = std::int64_t{4} << 30;

Deadline soon() { return Deadline::in(std::chrono::minutes(2)); }

std::string line(std::string_view tenant, std::string_view subscription, std::string_view meter,
                 std::int64_t bucket_us, std::int64_t units) {
  return fmt::format("{}/{}/{}/{}={}", tenant, subscription, meter, bucket_us, units);
}

std::string text_of(simdjson::simdjson_result<simdjson::dom::element> element) {
  return std::string(std::string_view(element));
}

UsageLines sorted(UsageLines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// ['…/a.parquet', '…/b.parquet']
std::string live_segments(const std::string& volume) {
  SqliteDatabase catalogue = must(SqliteDatabase::open(
      volume + "/catalogue.sqlite", SqliteMode::read_only, std::chrono::seconds(10)));
  SqliteStatement names = must(
      catalogue.prepare("SELECT name FROM file WHERE kind = 0 AND state = 'live' ORDER BY name"));
  std::string list;
  while (must(names.step())) {
    list += list.empty() ? "[" : ", ";
    list += sql_quote(fmt::format("{}/segments/{}", volume, names.text(0)));
  }
  if (list.empty()) give_up("no segment in " + volume);
  return list + "]";
}

}  // namespace

Expected read_expected(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  const simdjson::dom::element root = parser.parse(padded);
  Expected expected;
  expected.received = std::int64_t(root["received"]);
  expected.events = std::int64_t(root["events"]);
  std::set<std::pair<std::string, std::string>> subscriptions;
  for (const simdjson::dom::element total : simdjson::dom::array(root["totals"])) {
    const std::string tenant = text_of(total["tenant"]);
    const std::string id = text_of(total["subscription"]);
    subscriptions.emplace(tenant, id);
    for (const simdjson::dom::element bucket : simdjson::dom::array(total["buckets"])) {
      expected.usage.push_back(line(tenant, id, text_of(total["meter"]), std::int64_t(bucket.at(0)),
                                    std::int64_t(bucket.at(1))));
    }
  }
  expected.subscriptions.assign(subscriptions.begin(), subscriptions.end());
  expected.usage = sorted(std::move(expected.usage));
  return expected;
}

UsageLines ledger_usage(Connection& connection) {
  const Rows rows = must(connection.run(
      "SELECT tenant, subscription, meter, bucket_us, units FROM quota.usage WHERE units > 0",
      soon()));
  UsageLines lines;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    lines.push_back(line(rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.integer(i, 3),
                         rows.integer(i, 4)));
  }
  return sorted(std::move(lines));
}

UsageLines segment_usage(const std::string& volume, std::int64_t bucket_us) {
  DuckOptions options;
  options.memory_bytes_max = kBytesMax;
  DuckDb db = must(DuckDb::open(options));
  DuckConnection connection = must(db.connect());
  const DuckResult rows = must(connection.query(
      fmt::format("SELECT tenant::VARCHAR, subscription::VARCHAR, time_us - time_us % {} AS bucket,"
                  " count(*)::BIGINT, sum(units)::BIGINT,"
                  " coalesce(sum(quantities['tokens']), 0)::BIGINT"
                  " FROM read_parquet({}) GROUP BY ALL",
                  bucket_us, live_segments(volume)),
      {}, soon()));
  UsageLines lines;
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    std::size_t column = 3;
    for (const char* meter : {"requests", "units", "tokens"}) {
      const std::int64_t units = rows.integer(i, column++);
      if (units == 0) continue;
      lines.push_back(line(rows.text(i, 0), rows.text(i, 1), meter, rows.integer(i, 2), units));
    }
  }
  return sorted(std::move(lines));
}

std::string fingerprint(const UsageLines& lines) {
  std::string text;
  for (const std::string& each : lines) text.append(each).push_back('\n');
  return sha256_hex(text).substr(0, 12);
}

}  // namespace weir::bench
