// The main job on real parts: events in by every door, usage and analytics out, a bill through the
// gate.
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

std::int64_t now_us() { return system_clock().now().value; }

std::string event(const std::string& id, const std::string& subscription, std::int64_t time_us,
                  const std::string& more = "") {
  return fmt::format(
      R"({{"tenant":"acme","source":"test","id":"{}","time":{},"subscription":"{}","api":"orders",)"
      R"("route":"/v1/orders/{{id}}","method":"GET","status":200,"latency_us":1500{}}})",
      id, time_us, subscription, more);
}

std::string keyed(const std::string& subscription, const std::string& json) {
  return subscription + "|" + json + "\n";
}

std::int64_t number(const std::string& json, const char* pointer) {
  simdjson::dom::parser parser;
  return std::int64_t(parser.parse(json).at_pointer(pointer));
}

class MainJob : public ::testing::Test {
 protected:
  void begin(const std::vector<std::string>& subscriptions, const std::string& period = "2s") {
    from_us_ = now_second_us();
    weir_.apply_catalog(one_price(subscriptions, period, "1.00", from_us_));
    weir_.api_key("acme");
  }
  void consume() { quota_ = weir_.start("weir-quota", {"run"}, "quota"); }
  void applied() {
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }))
        << quota_->err();
    weir_.expect_counts_add_up();
  }
  // Runs billing until `done`; every run must end in 0 or 75.
  void bill_until(const std::function<bool()>& done) {
    ASSERT_TRUE(eventually(seconds(90), [&] {
      Finished run = weir_.run("weir-billing", {"run"});
      EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 75) << run.exit_code << run.out << run.err;
      return done() || HasFailure();
    }));
  }

  Deployment weir_;
  std::unique_ptr<ChildProcess> quota_;
  std::int64_t from_us_ = 0;
};

TEST_F(MainJob, an_event_written_by_kcat_is_charged_once) {
  begin({"s1"});
  consume();
  weir_.kcat(keyed("s1", event("e1", "s1", now_us())));
  applied();
  EXPECT_EQ(weir_.sql_number("select sum(units) from quota.usage"), 1);
  bill_until([&] { return weir_.charged_minor() > 0; });
  EXPECT_EQ(weir_.charged_minor(), 100);
  const auto charges = weir_.charges();
  bill_until([] { return true; });
  EXPECT_EQ(weir_.charges(), charges);
}

TEST_F(MainJob, one_event_by_http_shows_in_quota_and_in_analytics) {
  begin({"s1"}, "day");
  consume();
  auto collector = weir_.start("weir-ingest", {"serve"}, "collector");
  auto segments = weir_.start("weir-analytics", {"consume"}, "segments");
  auto queries = weir_.start("weir-analytics", {"serve"}, "queries");
  const std::string time = format_rfc3339(now_us());
  const auto [status, body] = weir_.post(
      weir_.url_of(*collector) + "/v1/events", "acme", "application/json",
      fmt::format(R"([{{"source":"a","id":"1","time":"{0}","subscription":"s1","path":"/a/17"}},)"
                  R"({{"source":"a","id":"1","time":"{0}","subscription":"s1"}},)"
                  R"({{"source":"a","id":"2","time":"{0}","units":"x"}}])",
                  time));
  EXPECT_EQ(status, 202) << body;
  EXPECT_EQ(number(body, "/accepted"), 1);
  EXPECT_EQ(number(body, "/duplicate"), 1);
  EXPECT_EQ(number(body, "/rejected"), 1);

  const std::string usage = weir_.url_of(*quota_) + "/v1/subscriptions/s1/usage";
  EXPECT_TRUE(eventually(seconds(30), [&] {
    return weir_.get(usage, "acme").second.find("\"units\":1") != std::string::npos;
  })) << weir_.get(usage, "acme").second;
  const std::string query = weir_.url_of(*queries) +
                            "/v1/query?granularity=all&metrics=requests&from=" +
                            format_rfc3339(from_us_ - 60 * kMicrosPerSecond) +
                            "&to=" + format_rfc3339(from_us_ + 3600 * kMicrosPerSecond);
  EXPECT_TRUE(eventually(seconds(30), [&] {
    return weir_.get(query, "acme").second.find("\"requests\":1") != std::string::npos;
  })) << weir_.get(query, "acme").second;
}

TEST_F(MainJob, every_process_watches_its_own_volume) {
  begin({"s1"});
  consume();
  auto collector = weir_.start("weir-ingest", {"serve"}, "collector");
  auto segments = weir_.start("weir-analytics", {"consume"}, "segments");
  for (const auto& [process, volume] :
       {std::pair{quota_.get(), "quota"}, std::pair{collector.get(), "ingest"},
        std::pair{segments.get(), "analytics"}}) {
    const std::string metrics = weir_.get(weir_.url_of(*process) + "/metrics", "acme").second;
    EXPECT_THAT(metrics,
                HasSubstr(fmt::format(R"(weir_volume_free_bytes{{volume="{}"}})", volume)));
  }
}

TEST_F(MainJob, another_tenants_subscription_is_not_found) {
  begin({"s1"});
  weir_.api_key("other");
  consume();
  const std::string url = weir_.url_of(*quota_);
  EXPECT_EQ(weir_.get(url + "/v1/subscriptions/s1/usage", "other").first, 404);
  EXPECT_EQ(weir_.get(url + "/v1/subscriptions/s1/quota", "other").first, 404);
  EXPECT_EQ(weir_.get(url + "/v1/subscriptions/none/usage", "acme").first, 404);
}

TEST_F(MainJob, a_producer_without_the_java_partitioner_is_quarantined_and_told_how_to_mend_it) {
  std::string lines;
  std::vector<std::string> subscriptions;
  for (int i = 0; i < 20; ++i) {
    subscriptions.push_back(fmt::format("sub-{}", i));
    lines +=
        keyed(subscriptions.back(), event(fmt::format("e{}", i), subscriptions.back(), now_us()));
  }
  begin(subscriptions);
  consume();
  weir_.kcat(lines, /*java_partitioner=*/false);
  applied();
  EXPECT_GT(weir_.sql_number("select count(*) from quota.quarantine where reason = 'misrouted'"),
            0);
  EXPECT_THAT(weir_.sql("select detail from quota.quarantine where reason = 'misrouted'"),
              HasSubstr("murmur2_random"));
  // What was quarantined blocks the close: nobody is charged.
  Finished run = weir_.run("weir-billing", {"run"});
  EXPECT_EQ(run.exit_code, 75) << run.out << run.err;
  EXPECT_EQ(weir_.charged_minor(), 0);
}

TEST_F(MainJob, poison_never_blocks_its_partition) {
  begin({"s1"}, "day");
  consume();
  const std::string brackets(100'000, '[');
  weir_.kcat(keyed("s1", "{\"half\":") + keyed("s1", brackets) + keyed("s1", "not json") +
             keyed("s1", event("e1", "s1", now_us(), R"(,"units":9007199254740993)")) +
             keyed("s1", event("e2", "s1", now_us() + 3600 * kMicrosPerSecond)) +
             keyed("s1", event("e3", "s1", now_us())));
  applied();
  EXPECT_EQ(weir_.sql_number("select sum(units) from quota.usage"), 1);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.quarantine"), 5);
}

TEST_F(MainJob, with_the_consumer_stopped_the_period_is_held_and_nobody_is_charged) {
  begin({"s1", "s2", "s3"});
  consume();
  weir_.kcat(keyed("s1", event("a", "s1", now_us())));
  applied();
  ASSERT_EQ(quota_->stop(seconds(20)), 0) << quota_->err();
  const std::size_t charged_before = weir_.charges().size();

  const std::int64_t time = now_us();
  for (const char* s : {"s1", "s2", "s3"}) {
    weir_.kcat(keyed(s, event(std::string("b-") + s, s, time)));
  }
  const std::int64_t end_us = (time / 2'000'000 + 1) * 2'000'000;
  ASSERT_TRUE(eventually(seconds(30), [&] { return now_us() > end_us + 4'000'000; }));
  Finished held = weir_.run("weir-billing", {"run"});
  EXPECT_EQ(held.exit_code, 75) << held.out << held.err;
  for (const char* customer : {"customer-s1", "customer-s2", "customer-s3"}) {
    EXPECT_THAT(held.out, HasSubstr(customer));
  }
  EXPECT_EQ(weir_.charges().size(), charged_before);
  const std::string metrics = read_whole(weir_.folder() + "/billing.prom");
  EXPECT_THAT(metrics, HasSubstr("weir_billing_last_exit_code 75\n"));
  EXPECT_THAT(metrics, HasSubstr("weir_billing_hold{reason=\"behind\"}"));
  EXPECT_THAT(metrics, Not(HasSubstr("weir_billing_held_periods 0\n")));

  consume();
  applied();
  bill_until([&] { return weir_.charged_minor() >= 400; });
  EXPECT_EQ(weir_.charged_minor(), 400);
  // What was invoiced was paid: nothing is left on the customers' accounts.
  EXPECT_EQ(weir_.sql_number("select coalesce(sum(case kind when 'invoice' then amount_minor "
                             "else -amount_minor end), 0) from billing.ledger_entry"),
            0);
}

}  // namespace
}  // namespace weir::test
