// A million events, with copies, late ones and poison, through the real broker into both stores while
// both consumers die ten times each. Afterwards everything is exactly what the generator says.
#include "ingest/codec/codec.h"
#include "tests/contract/billing/reference_bill.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <simdjson.h>

namespace weir::test {
namespace {

using std::chrono::seconds;

// 2026-09-01T00:00:00Z, a whole hour.
constexpr std::int64_t kFromUs = 1'788'220'800 * kMicrosPerSecond;
constexpr std::int64_t kToUs = kFromUs + 6 * 3600 * kMicrosPerSecond;
constexpr int kKills = 10;

struct Expected {
  std::string json;
  std::vector<std::pair<std::string, std::string>> subscriptions;  // (tenant, id), sorted
  std::vector<std::string> usage;                                  // as usage_query() prints it
  std::map<std::string, std::int64_t> requests;                    // by tenant/subscription
  std::int64_t received = 0, events = 0, duplicates = 0, poison = 0;
};

std::string text(simdjson::dom::element object, const char* member) {
  const std::string_view value = object[member];
  return std::string(value);
}

Expected read_expected(const std::string& json) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(json);
  Expected expected;
  expected.json = json;
  expected.received = std::int64_t(root["received"]);
  expected.events = std::int64_t(root["events"]);
  expected.duplicates = std::int64_t(root["duplicates"]);
  expected.poison = std::int64_t(root["poison"]);
  std::set<std::pair<std::string, std::string>> subscriptions;
  for (const simdjson::dom::element total : simdjson::dom::array(root["totals"])) {
    const std::string tenant = text(total, "tenant");
    const std::string id = text(total, "subscription");
    const std::string meter = text(total, "meter");
    subscriptions.emplace(tenant, id);
    if (meter == "requests") expected.requests[tenant + "/" + id] = std::int64_t(total["units"]);
    for (const simdjson::dom::element bucket : simdjson::dom::array(total["buckets"])) {
      expected.usage.push_back(fmt::format("{}/{}/{}/{}={}", tenant, id, meter,
                                           std::int64_t(bucket.at(0)), std::int64_t(bucket.at(1))));
    }
  }
  expected.subscriptions.assign(subscriptions.begin(), subscriptions.end());
  std::sort(expected.usage.begin(), expected.usage.end());
  return expected;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// The events of an NDJSON file, each identity once, as the reference bill takes them.
std::vector<reference::Event> read_events(const std::string& path) {
  const IdentityKey key = *IdentityKey::from_secret("any key does for a reference");
  Decoder decoder(key);
  RequestBatch batch;
  DecodeReport report;
  DecodeContext context;
  context.latest = EventTime(kToUs);
  std::set<Identity> seen;
  std::vector<reference::Event> events;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    batch.clear();
    report.clear();
    decoder.decode(kJson, line, context, batch, report);
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      if (!seen.insert(batch.identity[i]).second) continue;
      reference::Event event;
      event.tenant = batch.tenant.at(i);
      event.subscription = batch.subscription.at(i);
      event.time_us = batch.time[i].value;
      event.units = batch.units[i];
      for (auto q = batch.quantities.begin(i); q < batch.quantities.end(i); ++q) {
        const auto name = batch.quantities.names().text_of(batch.quantities.name_code(q));
        event.quantities[std::string(name)] = batch.quantities.value(q);
      }
      event.status = batch.status[i];
      events.push_back(std::move(event));
    }
  }
  return events;
}

class Million : public ::testing::Test {
 protected:
  static Deployment::Words generate(const std::string& more_name, const std::string& more) {
    return {"generate",
            "--events",
            "1000000",
            "--seed",
            "20260901",
            "--tenants",
            "3",
            "--customers",
            "60",
            "--duplicates-percent",
            "1",
            "--late-percent",
            "1",
            "--poison-percent",
            "0.01",
            "--from",
            format_rfc3339(kFromUs),
            "--to",
            format_rfc3339(kToUs),
            "--json",
            more_name,
            more};
  }
  void expect_usage(const Expected& expected) {
    const std::string got = weir_.sql(
        "select string_agg(tenant || '/' || subscription || '/' || meter || '/' || bucket_us || '='"
        " || units, E'\\n') from quota.usage where units > 0");
    EXPECT_EQ(lines_of(got), expected.usage);
  }
  void expect_quota_counts(const Expected& expected) {
    weir_.expect_counts_add_up();
    const auto sum = [&](const char* column) {
      return weir_.sql_number(fmt::format("select sum({}) from quota.progress", column));
    };
    EXPECT_EQ(sum("received"), expected.received);
    EXPECT_EQ(sum("applied"), expected.events);
    EXPECT_EQ(sum("duplicate"), expected.duplicates);
    EXPECT_EQ(sum("quarantined"), expected.poison);
  }
  void expect_analytics(const Expected& expected) {
    std::map<std::string, std::int64_t> got;
    for (const auto& [tenant, id] : expected.subscriptions) {
      if (got.count(tenant + "/" + id) != 0) continue;
      for (const char* of : {"rollup", "segments"}) read_analytics(tenant, of, got);
    }
    EXPECT_EQ(got, expected.requests);
  }
  // The same question twice: by subscription alone rollups answer it, by country segments must.
  void read_analytics(const std::string& tenant, const std::string& source,
                      std::map<std::string, std::int64_t>& got) {
    const bool raw = source == "segments";
    const auto [status, body] =
        weir_.get(queries_url_ + "/v1/query?granularity=all&metrics=requests&limit=1000&group_by=" +
                      (raw ? "subscription,country" : "subscription") +
                      "&from=" + format_rfc3339(kFromUs) + "&to=" + format_rfc3339(kToUs),
                  tenant);
    ASSERT_EQ(status, 200) << body;
    simdjson::dom::parser parser;
    const simdjson::dom::element root = parser.parse(body);
    EXPECT_EQ(std::string_view(root["source"]), source) << body.substr(0, 300);
    std::map<std::string, std::int64_t> sums;
    for (const simdjson::dom::element row : simdjson::dom::array(root["rows"])) {
      const std::string id = text(row, "subscription");
      sums[tenant + "/" + id] += std::int64_t(row["requests"]);
    }
    for (const auto& [name, requests] : sums) {
      auto [known, added] = got.emplace(name, requests);
      EXPECT_EQ(known->second, requests) << name << ": rollups and segments differ";
    }
  }
  void expect_bill(const std::string& catalog, const std::string& events_path) {
    const CatalogRead read = read_catalog(catalog, "catalog.toml");
    std::int64_t wanted = 0;
    for (const auto& [line, minor] :
         reference::reference_bill(read_events(events_path), read.catalog, {kToUs})) {
      wanted += minor;
    }
    EXPECT_EQ(weir_.sql_number("select sum(amount_minor) from billing.invoice_line"), wanted);
    std::int64_t charged = 0;
    simdjson::dom::parser parser;
    for (const std::string& charge : weir_.charges()) {
      charged += std::int64_t(parser.parse(charge)["amount_minor"]);
    }
    EXPECT_EQ(charged, wanted);
  }

  Deployment weir_{{.partitions = 4, .bucket = "15m"}};
  std::string queries_url_;
};

// Kills `process` and starts it again, `kKills` times, each time after it has got further.
class Killer {
 public:
  Killer(std::function<std::unique_ptr<ChildProcess>()> start,
         std::function<std::int64_t()> reached)
      : start_(std::move(start)), reached_(std::move(reached)), process_(start_()) {}
  /// False once all kills are done.
  bool step() {
    if (kills_ == kKills || reached_() <= at_last_kill_) return kills_ < kKills;
    process_->kill_hard();
    at_last_kill_ = reached_();
    ++kills_;
    process_ = start_();
    return kills_ < kKills;
  }
  int kills() const { return kills_; }
  ChildProcess& process() { return *process_; }

 private:
  std::function<std::unique_ptr<ChildProcess>()> start_;
  std::function<std::int64_t()> reached_;
  std::unique_ptr<ChildProcess> process_;
  std::int64_t at_last_kill_ = 0;
  int kills_ = 0;
};

TEST_F(Million, come_out_exactly_though_each_consumer_is_killed_ten_times) {
  const std::string events = weir_.folder() + "/events.ndjson";
  const Expected expected = read_expected(weir_.run_well("weir-ingest", generate("--out", events)));
  ASSERT_EQ(expected.events, 1'000'000);
  ASSERT_GT(expected.poison, 0);
  const std::string catalog = for_generated(expected.subscriptions, "hour", kFromUs, kToUs);
  weir_.apply_catalog(catalog);
  for (const auto& [tenant, id] : expected.subscriptions) weir_.api_key(tenant);

  auto generator = weir_.start("weir-ingest", generate("--rate", "40000"), "generator");
  Killer quota([&] { return weir_.start("weir-quota", {"consume"}, "quota"); },
               [&] { return weir_.applied_to(); });
  Killer segments([&] { return weir_.start("weir-analytics", {"consume"}, "segments"); },
                  [&] { return weir_.analytics_applied_to(); });
  ASSERT_TRUE(eventually(seconds(400),
                         [&] {
                           const bool quota_goes_on = quota.step();
                           return !segments.step() && !quota_goes_on;
                         }))
      << quota.kills() << " and " << segments.kills() << " kills";
  ASSERT_EQ(generator->wait(seconds(120)), 0) << generator->err();
  EXPECT_EQ(read_expected(generator->out()).usage, expected.usage);

  ASSERT_TRUE(eventually(seconds(120), [&] { return weir_.applied_to() == weir_.log_end(); }))
      << quota.process().err();
  expect_quota_counts(expected);
  expect_usage(expected);

  ASSERT_TRUE(eventually(seconds(120), [&] {
    return weir_.analytics_applied_to() == weir_.log_end();
  })) << segments.process().err();
  auto queries = weir_.start("weir-analytics", {"serve"}, "queries");
  queries_url_ = weir_.url_of(*queries);
  expect_analytics(expected);

  // Poison holds the bill until somebody has looked at it.
  EXPECT_EQ(weir_.run("weir-billing", {"run"}).exit_code, 75);
  EXPECT_TRUE(weir_.charges().empty());
  weir_.sql(
      "update quota.quarantine set resolved_at_us = 1, resolution = 'discarded', "
      "resolved_by = 'test', resolved_reason = 'made by the generator' returning id");
  ASSERT_TRUE(eventually(seconds(60), [&] {
    return weir_.run("weir-billing", {"run"}).exit_code == 0;
  })) << weir_.run("weir-billing", {"run"}).out;
  expect_bill(catalog, events);
}

}  // namespace
}  // namespace weir::test
