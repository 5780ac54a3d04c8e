#include "base/http/client.h"
#include "tests/faults/feeder.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <signal.h>
#include <sstream>

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr int kTimes = 3;

/// The points of one kind, as points.txt lists them: "kind part.place".
std::vector<std::string> points_of(const std::string& kind) {
  std::ifstream file(WEIR_CRASH_POINTS_FILE);
  std::vector<std::string> points;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string of, point;
    if (words >> of >> point && of == kind) points.push_back(point);
  }
  return points;
}

/// The environment of the processes that are started while this lives.
class CrashAt {
 public:
  CrashAt(const std::string& point, int time) {
    ::setenv("WEIR_CRASH_AT", fmt::format("{}:{}", point, time).c_str(), 1);
  }
  ~CrashAt() { ::unsetenv("WEIR_CRASH_AT"); }
};

class CrashPoints : public ::testing::Test {
 protected:
  CrashPoints() { weir_.apply_catalog(one_price(subscriptions_, "2s", "0.01", now_second_us())); }

  static DeploymentOptions options() {
    DeploymentOptions options;
    options.more_ingest = "seal_interval = \"500ms\"";
    options.more_quota = "identity_seal_age = \"1s\"\ncommit_interval = \"50ms\"";
    return options;
  }

  /// The twin dies at each point, and the next one takes over what it left.
  void die_at_each(const std::string& kind, const std::string& twin,
                   const Deployment::Words& words) {
    for (const std::string& point : points_of(kind)) {
      for (int time = 1; time <= kTimes; ++time) {
        std::unique_ptr<ChildProcess> process;
        {
          const CrashAt crash(point, time);
          process = weir_.start(twin, words, kind);
        }
        const auto code = process->wait(seconds(60));
        ASSERT_TRUE(code.has_value()) << point << " was never passed\n" << process->err();
        ASSERT_EQ(*code, -SIGKILL) << point << "\n" << process->err();
        ++deaths_;
      }
    }
  }
  /// The same of a command that ends by itself, tried until it passes the point.
  void command_dies_at_each(
      const std::string& kind, const std::string& twin, const Deployment::Words& words,
      const std::function<void()>& between = [] {}) {
    for (const std::string& point : points_of(kind)) {
      // How often one run passes it is its own affair: the first passing, in three runs.
      for (int time = 1; time <= kTimes; ++time) {
        EXPECT_TRUE(eventually(seconds(60),
                               [&] {
                                 const CrashAt crash(point, 1);
                                 const Finished run = weir_.run(twin, words);
                                 between();
                                 return run.exit_code == -SIGKILL;
                               }))
            << point << " was never passed";
        ++deaths_;
      }
    }
  }

  void expect_exact(std::int64_t events) {
    // What a spool still holds is no part of the log's end yet.
    EXPECT_TRUE(eventually(seconds(90), [&] { return weir_.counted_units() >= events; }));
    EXPECT_EQ(weir_.counted_units(), events);
    weir_.expect_counts_add_up();
    Finished run{};
    EXPECT_TRUE(eventually(seconds(120),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return weir_.charged_minor() >= events;
                           }))
        << run.out << run.err;
    EXPECT_EQ(weir_.charged_minor(), events);  // one minor unit an event
    const Finished verified = weir_.run("weir-billing", {"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    EXPECT_EQ(weir_.sql_number("select count(*) from billing.charge where state <> 'succeeded'"),
              0);
    EXPECT_EQ(weir_.sql_number("select count(*) from billing.invoice where total_minor > 0"),
              static_cast<std::int64_t>(weir_.charges().size()));
    fmt::print("deaths: {}, events: {}, charges: {}\n", deaths_, events, weir_.charges().size());
  }
  const std::vector<std::string> subscriptions_ = {"s0", "s1", "s2"};
  Deployment weir_{options()};
  int deaths_ = 0;
};

TEST_F(CrashPoints, a_consumer_that_dies_anywhere_counts_every_event_once) {
  Feeder feeder(weir_, {subscriptions_});
  die_at_each("consume", "weir-quota-crash", {"consume"});
  auto quota = weir_.start("weir-quota", {"consume"}, "consume");
  feeder.finish();
  expect_exact(feeder.events());
}

TEST_F(CrashPoints, a_segment_writer_that_dies_anywhere_stores_every_event_once) {
  Feeder feeder(weir_, {subscriptions_});
  die_at_each("segment", "weir-analytics-crash", {"consume"});
  auto segments = weir_.start("weir-analytics", {"consume"}, "segment");
  feeder.finish();
  ASSERT_TRUE(eventually(seconds(90), [&] {
    return weir_.analytics_applied_to() == weir_.log_end();
  })) << segments->err();
  EXPECT_EQ(weir_.analytics_rows(), feeder.events());
}

TEST_F(CrashPoints, a_billing_run_that_dies_anywhere_charges_each_invoice_once) {
  auto quota = weir_.start("weir-quota", {"consume"}, "consume");
  Feeder feeder(weir_, {subscriptions_, 4, 10, std::chrono::milliseconds(50)});
  command_dies_at_each("bill", "weir-billing-crash", {"run"});
  feeder.finish();
  expect_exact(feeder.events());
}

TEST_F(CrashPoints, a_collector_that_dies_anywhere_loses_nothing_that_it_accepted) {
  auto quota = weir_.start("weir-quota", {"consume"}, "consume");
  const std::string key = weir_.api_key("acme");
  std::int64_t sent = 0;
  HttpClient http;
  // A body is sent again until it is 202: an event that was accepted twice is one event.
  const auto send_until = [&](ChildProcess& collector, const std::function<bool()>& done) {
    const std::string url = weir_.url_of(collector) + "/v1/events";
    while (!done()) {
      std::string body = "[";
      for (int i = 0; i < 9; ++i) {
        body += fmt::format(
            R"({}{{"source":"crash","id":"{}","time":"{}","subscription":"s{}","route":"/a"}})",
            i == 0 ? "" : ",", sent + i, format_rfc3339(system_clock().now().value), i % 3);
      }
      const auto reply =
          http.post(url, {{"Authorization", "Bearer " + key}, {"Content-Type", "application/json"}},
                    body + "]", Deadline::in(seconds(5)));
      if (reply && reply->status == 202) sent += 9;
    }
  };
  for (const std::string& point : points_of("collect")) {
    for (int time = 1; time <= kTimes; ++time) {
      std::unique_ptr<ChildProcess> collector;
      {
        const CrashAt crash(point, time);
        collector = weir_.start("weir-ingest-crash", {"serve"}, fmt::format("collect-{}", deaths_));
      }
      const auto give_up = std::chrono::steady_clock::now() + seconds(60);
      send_until(*collector, [&] {
        return !collector->running() || std::chrono::steady_clock::now() > give_up;
      });
      ASSERT_EQ(collector->wait(seconds(1)).value_or(0), -SIGKILL) << point << " was never passed\n"
                                                                   << collector->err();
      ++deaths_;
    }
  }
  auto collector = weir_.start("weir-ingest", {"serve"}, "collect-last");
  const std::int64_t before = sent;
  send_until(*collector, [&] { return sent > before; });
  // The last body of a collector that died may have been accepted though its answer was lost; it was
  // sent again, so every id below `sent` is there, and none beyond it.
  expect_exact(sent);
}

TEST_F(CrashPoints, an_operator_whose_command_dies_decides_once) {
  auto quota = weir_.start("weir-quota", {"consume"}, "consume");
  int poison = 0;
  const auto put_poison = [&] {
    weir_.kcat(fmt::format("s0|not json {}\n", ++poison));
    ASSERT_TRUE(eventually(seconds(60), [&] {
      return weir_.sql_number("select count(*) from quota.quarantine") == poison;
    }));
  };
  for (const std::string& point : points_of("decide")) {
    for (int time = 1; time <= kTimes; ++time) {
      put_poison();
      const Deployment::Words words = {"quarantine", "discard",  std::to_string(poison), "--by",
                                       "ada",        "--reason", "not an event"};
      {
        const CrashAt crash(point, 1);
        EXPECT_EQ(weir_.run("weir-quota-crash", words).exit_code, -SIGKILL) << point;
      }
      (void)weir_.run("weir-quota", words);  // decided already, or decided now
      ++deaths_;
    }
  }
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.quarantine where resolved_at_us is null"),
            0);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.audit where action like 'quarantine%'"),
            poison);
}

TEST_F(CrashPoints, a_redrive_that_dies_after_its_split_sends_each_event_once) {
  auto quota = weir_.start("weir-quota", {"consume"}, "consume");
  for (const std::string& point : points_of("redrive")) {
    for (int time = 1; time <= kTimes; ++time) {
      const std::string row = std::to_string(++deaths_);
      weir_.kcat(
          fmt::format("s0|{{\"source\":\"crash\",\"id\":\"e{}\",\"time\":{},"
                      "\"subscription\":\"s0\"}}\n",
                      deaths_, system_clock().now().value));
      ASSERT_TRUE(eventually(seconds(60), [&] {
        return weir_.sql_number("select count(*) from quota.quarantine") == deaths_;
      })) << quota->err();
      {
        const CrashAt crash(point, 1);
        const Finished died =
            weir_.run("weir-quota-crash", {"quarantine", "redrive", row, "--by", "ada", "--reason",
                                           "the tenant was forgotten", "--set", "tenant=acme"});
        EXPECT_EQ(died.exit_code, -SIGKILL) << point << died.err;
      }
      // The split stands, so the second try only sends what it left open.
      EXPECT_EQ(weir_.sql_number("select count(*) from quota.redrive where state = 'open'"), 1);
      weir_.run_well("weir-quota",
                     {"quarantine", "redrive", row, "--by", "ada", "--reason", "it had died"});
      ASSERT_TRUE(eventually(seconds(60), [&] {
        return weir_.sql_number("select count(*) from quota.redrive where state = 'open'") == 0;
      })) << quota->err();
    }
  }
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.redrive where state = 'redriven'"),
            deaths_);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.quarantine where resolved_at_us is null"),
            0);
  expect_exact(deaths_);
}

TEST(CrashPointsList, names_every_point_of_the_sources) {
  std::set<std::string> listed;
  for (const char* kind : {"collect", "consume", "segment", "bill", "decide", "redrive", "unit"}) {
    for (const std::string& point : points_of(kind)) listed.insert(point);
  }
  const std::string root = std::string(WEIR_CRASH_POINTS_FILE)
                               .substr(0, std::string(WEIR_CRASH_POINTS_FILE).find("/tests/"));
  const Finished found =
      run({"/bin/sh", "-c",
           "cd '" + root +
               "' && grep -rhoE 'WEIR_CRASH_POINT\\(\"[a-z_.]+' --include=*.cc base "
               "ingest quota analytics billing | cut -d'\"' -f2 | sort -u"},
          ::testing::TempDir() + "/points");
  std::istringstream lines(found.out);
  std::set<std::string> there;
  for (std::string point; std::getline(lines, point);) there.insert(point);
  EXPECT_EQ(there, listed);
}

}  // namespace
}  // namespace weir::test
