// Quota's answers over a real ledger.
#include "quota/api.h"

#include "tests/contract/quota/ingest_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kNowUs = 10 * kHourUs + 60'000'000;

const char* const kPlans = R"(
[[tenant]]
id = "other"
name = "Other"
[[plan]]
tenant = "acme"
id = "pro"
currency = "EUR"
period = "hour"
time_zone = "UTC"
base_fee = "0"
[[plan.price]]
meter = "requests"
per_unit = "0.01"
[[plan.quota]]
meter = "requests"
units = 5
[[plan.rate_limit]]
meter = "tokens"
units = 1
per = "1s"
burst = 10
[[customer]]
tenant = "acme"
id = "c"
name = "C"
[[subscription]]
tenant = "acme"
id = "sub-1"
customer = "c"
plan = "pro"
from = "1970-01-01T00:00:00Z"
)";

class ApiTest : public IngestTest {
 protected:
  ApiTest() {
    database_.apply_catalog(std::string(kTestCatalog) + kPlans);
    std::vector<Event> events(4);
    for (Event& event : events) event.time_us = kNowUs;
    events.push_back({.subscription = "unknown", .time_us = kNowUs});
    EXPECT_EQ(*commit(batch_of(0, 5, events)), Committed::done);
  }
  static HttpRequest request(const std::string& id) {
    HttpRequest made;
    made.tenant = "acme";
    made.params["id"] = id;
    return made;
  }
  HttpResponse check(const std::string& meter, int cost, const std::string& key) {
    HttpRequest made = request("");
    made.headers["idempotency-key"] = key;
    made.body = R"({"subscription":"sub-1","costs":[{"meter":")" + meter + R"(","cost":)" +
                std::to_string(cost) + "}]}";
    return api_.check(made);
  }
  static std::string header(const HttpResponse& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  ManualClock clock_{WallTime{kNowUs}};
  Ledger ledger_{pool_, {Micros(0), std::chrono::seconds(10), 100}};
  QuotaApi api_{ledger_, 100, clock_, metrics_};
};

TEST_F(ApiTest, usage_of_the_present_period) {
  const HttpResponse answer = api_.usage(request("sub-1"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"({"meter":"requests","units":4,"adjusted":0})"));
  EXPECT_THAT(answer.body, HasSubstr(R"("from":"1970-01-01T10:00:00Z")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("as_of":)"));
}

TEST_F(ApiTest, usage_holds_what_came_after_its_close) {
  database_.tell("SELECT quota.v1_advance_closed_until(" + std::to_string(20 * kHourUs) + ")");
  ASSERT_EQ(*commit(batch_of(5, 6, {{.time_us = kNowUs, .id = "late"}})), Committed::done);
  EXPECT_THAT(api_.usage(request("sub-1")).body,
              HasSubstr(R"({"meter":"requests","units":5,"adjusted":1})"));
}

TEST_F(ApiTest, ranges_are_half_open_and_on_bucket_edges) {
  HttpRequest asked = request("sub-1");
  asked.query = {{"from", "1970-01-01T09:45:00Z"}, {"to", "1970-01-01T10:00:00Z"}};
  EXPECT_THAT(api_.usage(asked).body, HasSubstr(R"("usage":[])"));
  asked.query["to"] = "1970-01-01T10:00:01Z";
  EXPECT_EQ(api_.usage(asked).status, 400);
  asked.query["to"] = "yesterday";
  EXPECT_EQ(api_.usage(asked).status, 400);
  asked.query["to"] = "1970-01-01T09:45:00Z";
  EXPECT_EQ(api_.usage(asked).status, 400);
}

TEST_F(ApiTest, another_tenants_subscription_is_not_found) {
  HttpRequest asked = request("sub-1");
  asked.tenant = "other";
  EXPECT_EQ(api_.usage(asked).status, 404);
  EXPECT_EQ(api_.quota(asked).status, 404);
  EXPECT_EQ(api_.usage(request("nobody")).status, 404);
}

TEST_F(ApiTest, unattributed_usage_is_shown_to_its_tenant) {
  HttpRequest asked = request("unknown");
  asked.query = {{"from", "1970-01-01T10:00:00Z"}, {"to", "1970-01-01T11:00:00Z"}};
  EXPECT_THAT(api_.usage(asked).body, HasSubstr(R"("units":1)"));
}

TEST_F(ApiTest, quota_says_what_is_left) {
  const HttpResponse answer = api_.quota(request("sub-1"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(R"("limit":5,"remaining":1)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("limit":10,"remaining":10)"));
}

TEST_F(ApiTest, a_check_against_the_ledger_refuses_beyond_the_quota) {
  EXPECT_EQ(check("requests", 1, "k1").status, 200);
  const HttpResponse refused = check("requests", 2, "k2");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "Retry-After"), "3540");
  EXPECT_THAT(header(refused, "RateLimit"), HasSubstr("\"requests-quota\";r=1"));
  EXPECT_THAT(header(refused, "RateLimit-Policy"), HasSubstr("q=5;w=3600"));
  EXPECT_EQ(header(check("requests", 9, "k3"), "Retry-After"), "") << "waiting does not help";
}

TEST_F(ApiTest, a_check_repeated_under_its_key_consumes_once) {
  EXPECT_EQ(check("tokens", 7, "k").status, 200);
  EXPECT_EQ(check("tokens", 7, "k").status, 200);
  EXPECT_THAT(api_.quota(request("sub-1")).body, HasSubstr(R"("limit":10,"remaining":3)"));
  EXPECT_EQ(check("tokens", 1, "k").status, 422);
  EXPECT_EQ(check("tokens", 4, "other").status, 429);
}

TEST_F(ApiTest, a_refusal_is_not_kept_under_its_key) {
  EXPECT_EQ(check("tokens", 10, "k1").status, 200);
  EXPECT_EQ(check("tokens", 1, "k2").status, 429);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(check("tokens", 1, "k2").status, 200);
}

// The wall clock was an hour ahead and is set right: a bucket that goes by it stands still for an hour.
TEST_F(ApiTest, a_step_of_the_wall_clock_stops_no_rate_limit) {
  struct SteppedClock : Clock {
    WallTime wall{kNowUs};
    std::int64_t steady_us = 0;
    WallTime now() override { return wall; }
    std::chrono::steady_clock::time_point steady_now() override {
      return std::chrono::steady_clock::time_point(Micros(steady_us));
    }
  } stepped;
  QuotaApi api(ledger_, 100, stepped, metrics_);
  HttpRequest ten = request("");
  ten.body = R"({"subscription":"sub-1","costs":[{"meter":"tokens","cost":10}]})";
  ten.headers["idempotency-key"] = "before";
  EXPECT_EQ(api.check(ten).status, 200);
  stepped.wall = WallTime{kNowUs - 30'000'000};
  stepped.steady_us = 10'000'000;
  ten.headers["idempotency-key"] = "after";
  EXPECT_EQ(api.check(ten).status, 200);
}

TEST_F(ApiTest, a_check_needs_a_key_and_a_meter_that_exists) {
  EXPECT_EQ(check("tokens", 1, "").status, 400);
  EXPECT_EQ(check("nothing", 1, "k").status, 422);
}

TEST_F(ApiTest, completeness_is_known_when_every_partition_was_caught_up) {
  EXPECT_THAT(api_.freshness(request("")).body, HasSubstr(R"("complete_through":null)"));
  database_.tell("UPDATE quota.progress SET complete_through_us = 7000000 + partition");
  EXPECT_THAT(api_.freshness(request("")).body,
              HasSubstr(R"("complete_through":"1970-01-01T00:00:07Z")"));
  EXPECT_THAT(api_.freshness(request("")).body, Not(HasSubstr(R"("lag_s":null)")));
}

TEST_F(ApiTest, a_database_that_is_away_is_503) {
  PostgresOptions away;
  away.conninfo = "host=127.0.0.1 port=1 dbname=weir";
  Database nowhere(away);
  Ledger ledger(nowhere, {});
  QuotaApi api(ledger, 1, clock_, metrics_);
  const HttpResponse answer = api.usage(request("sub-1"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(header(answer, "Retry-After"), "");
}

}  // namespace
}  // namespace weir
