// The dashboard against what runs: every metric that a panel asks for is in the /metrics of a process
// or in what a billing run leaves, and Prometheus parses every expression.
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <simdjson.h>
#include <unistd.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::Contains;

struct Panel {
  std::string title;
  std::vector<std::string> expressions;
};

std::vector<Panel> panels_of(const std::string& path) {
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.load(path);
  std::vector<Panel> panels;
  for (simdjson::dom::element panel : root["panels"]) {
    Panel& one = panels.emplace_back();
    one.title = std::string(std::string_view(panel["title"]));
    for (simdjson::dom::element target : panel["targets"]) {
      one.expressions.emplace_back(std::string_view(target["expr"]));
    }
  }
  return panels;
}

std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    found.insert((*at)[1].str());
  }
  return found;
}

/// Names of the time series in an expression.
std::set<std::string> asked_in(const std::string& expression) {
  static const std::regex name(R"(\b((?:weir|process)_[a-z0-9_]+))");
  return matches(expression, name);
}

/// Names of the time series in an exposition.
std::set<std::string> given_in(const std::string& metrics) {
  static const std::regex name(R"((?:^|\n)([a-z][a-z0-9_]*)[{ ])");
  return matches(metrics, name);
}

/// As Grafana would send it.
std::string filled_in(std::string expression) {
  constexpr std::string_view kInterval = "$__rate_interval";
  for (auto at = expression.find(kInterval); at != std::string::npos;
       at = expression.find(kInterval)) {
    expression.replace(at, kInterval.size(), "5m");
  }
  return expression;
}

class Grafana : public ::testing::Test {
 protected:
  void SetUp() override {
    panels_ = panels_of(WEIR_SOURCE_FOLDER "/deploy/grafana/weir.json");
    ASSERT_FALSE(panels_.empty());
  }

  /// Everything at work: an event in, on both sides, and a billing run behind it.
  std::set<std::string> given_by_a_running_weir() {
    Deployment weir;
    weir.apply_catalog(one_price({"s1"}, "2s", "1.00", now_second_us()));
    weir.api_key("acme");
    std::map<std::string, std::unique_ptr<ChildProcess>> processes;
    processes["ingest"] = weir.start("weir-ingest", {"serve"}, "ingest");
    processes["quota"] = weir.start("weir-quota", {"run"}, "quota");
    processes["segments"] = weir.start("weir-analytics", {"consume"}, "segments");
    processes["queries"] = weir.start("weir-analytics", {"serve"}, "queries");
    const std::string event =
        fmt::format(R"({{"source":"gw","id":"1","time":"{}","subscription":"s1"}})",
                    format_rfc3339(system_clock().now().value));
    EXPECT_EQ(weir.post(weir.url_of(*processes["ingest"]) + "/v1/events", "acme",
                        "application/json", event)
                  .first,
              202);
    EXPECT_TRUE(eventually(seconds(60), [&] {
      return weir.counted_units() == 1 && weir.analytics_rows() == 1;
    })) << processes["quota"]->err();
    // Its reasons and its charges are both in the file of a run that holds and of one that does not.
    std::set<std::string> given;
    EXPECT_TRUE(eventually(seconds(60), [&] {
      weir.run("weir-billing", {"run"});
      given.merge(given_in(read_whole(weir.folder() + "/billing.prom")));
      return given.contains("weir_billing_hold");
    }));
    for (const auto& [name, process] : processes) {
      const std::string url = weir.url_of(*process);
      weir.get(url + "/v1/schema", "acme");  // whatever it says, it is counted
      given.merge(given_in(weir.get(url + "/metrics", "acme").second));
    }
    return given;
  }

  std::vector<Panel> panels_;
};

TEST_F(Grafana, every_metric_of_every_panel_is_given_by_what_runs) {
  const std::set<std::string> given = given_by_a_running_weir();
  for (const Panel& panel : panels_) {
    EXPECT_FALSE(panel.expressions.empty()) << panel.title;
    for (const std::string& expression : panel.expressions) {
      EXPECT_FALSE(asked_in(expression).empty()) << panel.title << ": " << expression;
      for (const std::string& name : asked_in(expression)) {
        EXPECT_THAT(given, Contains(name)) << panel.title << ": " << expression;
      }
    }
  }
}

TEST_F(Grafana, prometheus_parses_every_expression) {
  const std::string folder =
      std::filesystem::temp_directory_path() / fmt::format("weir-grafana-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/rules.yml";
  const auto check = [&](const std::vector<std::string>& expressions) {
    std::ofstream rules(path);
    rules << "groups:\n  - name: dashboard\n    rules:\n";
    for (std::size_t i = 0; i < expressions.size(); ++i) {
      rules << "      - record: panel:" << i << "\n        expr: |\n          "
            << filled_in(expressions[i]) << "\n";
    }
    rules.close();
    return run({"/usr/bin/promtool", "check", "rules", path}, folder + "/promtool");
  };
  std::vector<std::string> all;
  for (const Panel& panel : panels_) {
    all.insert(all.end(), panel.expressions.begin(), panel.expressions.end());
  }
  const Finished done = check(all);
  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_NE(check({"sum(rate(weir_x[5m])"}).exit_code, 0) << "what does not parse is noticed";
  std::filesystem::remove_all(folder);
}

TEST_F(Grafana, shows_what_an_operator_asks_first) {
  std::set<std::string> asked;
  for (const Panel& panel : panels_) {
    for (const std::string& expression : panel.expressions) asked.merge(asked_in(expression));
  }
  for (const char* name :
       {"weir_billing_held_periods", "weir_partition_lag_records",
        "weir_partition_caught_up_seconds", "weir_volume_free_bytes", "weir_volume_seconds_to_full",
        "weir_events_quarantined_total", "weir_gap_records_total", "weir_ingest_spool_bytes",
        "weir_events_applied_total", "weir_http_request_duration_seconds_bucket",
        "process_resident_memory_bytes"}) {
    EXPECT_THAT(asked, Contains(name));
  }
}

}  // namespace
}  // namespace weir::test
