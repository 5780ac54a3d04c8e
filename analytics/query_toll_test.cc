#include "analytics/api.h"
#include "analytics/store_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMiB = 1 << 20;

class TollTest : public ::testing::Test {
 protected:
  QueryToll toll(TollOptions options) { return QueryToll(options, clock_, metrics_); }
  static QueryCost cost(std::int64_t bytes) {
    QueryCost cost;
    cost.source = "segments";
    cost.obstacle = "group_by gateway";
    cost.files = 3;
    cost.bytes = bytes;
    cost.rows = 1000;
    cost.span_us = 2 * 3600 * kMicrosPerSecond;
    return cost;
  }
  static std::string header(const HttpResponse& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  ManualClock clock_{WallTime(kNoonUs)};
  Metrics metrics_;
};

TEST_F(TollTest, a_query_that_would_read_too_much_is_told_what_to_narrow) {
  QueryToll bounded = toll({.bytes_max = 10 * kMiB});
  EXPECT_FALSE(bounded.pay("acme", cost(10 * kMiB)));
  const auto refusal = bounded.pay("acme", cost(10 * kMiB + 1));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 422);
  EXPECT_EQ(refusal->content_type, "application/problem+json");
  EXPECT_THAT(refusal->body, HasSubstr(R"("type":"/problems/query-too-large")"));
  EXPECT_THAT(refusal->body, HasSubstr("11 MiB in 3 files of segments; one query may read 10 MiB"));
  EXPECT_THAT(refusal->body, HasSubstr("less than 2 h"));
  EXPECT_THAT(refusal->body, HasSubstr("group_by gateway"));
  EXPECT_THAT(refusal->body,
              HasSubstr(R"("cost":{"source":"segments","files":3,"bytes":10485761)"));
}

TEST_F(TollTest, a_spent_budget_is_429_until_it_has_filled_again_and_others_have_their_own) {
  QueryToll bounded = toll({.bytes_per_minute = 60 * kMiB});
  EXPECT_FALSE(bounded.pay("acme", cost(40 * kMiB)));
  const auto refusal = bounded.pay("acme", cost(40 * kMiB));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 429);
  EXPECT_EQ(header(*refusal, "Retry-After"), "20");
  EXPECT_FALSE(bounded.pay("globex", cost(40 * kMiB)));
  clock_.advance(std::chrono::seconds(19));
  EXPECT_TRUE(bounded.pay("acme", cost(40 * kMiB)));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(bounded.pay("acme", cost(40 * kMiB)));
}

TEST_F(TollTest, a_query_larger_than_a_minutes_budget_takes_all_of_a_full_one) {
  QueryToll bounded = toll({.bytes_per_minute = 60 * kMiB});
  EXPECT_FALSE(bounded.pay("acme", cost(100 * kMiB)));
  const auto refusal = bounded.pay("acme", cost(100 * kMiB));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(header(*refusal, "Retry-After"), "60");
  clock_.advance(std::chrono::seconds(60));
  EXPECT_FALSE(bounded.pay("acme", cost(100 * kMiB)));
}

TEST_F(TollTest, what_rollups_answer_takes_nothing_from_the_budget) {
  QueryToll bounded = toll({.bytes_per_minute = 60 * kMiB});
  QueryCost from_rollups = cost(40 * kMiB);
  from_rollups.source = "rollup";
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(bounded.pay("acme", from_rollups));
  EXPECT_FALSE(bounded.pay("acme", cost(60 * kMiB)));
}

TEST_F(TollTest, without_bounds_everything_passes) {
  QueryToll open = toll({});
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(open.pay("acme", cost(std::int64_t{1} << 50)));
}

/// The API over a volume with one segment and its rollups.
class TolledApiTest : public StoreTest {
 protected:
  HttpResponse ask(TollOptions toll, std::map<std::string, std::string> query,
                   HttpResponse (AnalyticsApi::*how)(const HttpRequest&)) {
    auto filler = consumer();
    load(*filler);
    BatchBuilder batch;
    for (int i = 0; i < 100; ++i) batch.add(request("acme", "/a"));
    EXPECT_EQ(commit(*filler, batch.batch()), Committed::done);
    auto engine = QueryEngine::open(*volume_, {}, clock_);
    EXPECT_TRUE(engine) << engine.error().text();
    ApiOptions options;
    options.toll = toll;
    AnalyticsApi api(*engine, options, clock_, metrics_);
    HttpRequest asked;
    asked.method = "GET";
    asked.tenant = "acme";
    asked.query = std::move(query);
    return (api.*how)(asked);
  }
};

TEST_F(TolledApiTest, cost_counts_the_files_of_the_range_and_a_cheap_query_passes) {
  // A rollup and a segment of a few KiB: opening one is 64 KiB.
  const TollOptions one_file{.bytes_max = 100 << 10};
  EXPECT_EQ(ask(one_file, {{"group_by", "route"}}, &AnalyticsApi::query).status, 200);
}

TEST_F(TolledApiTest, percentiles_read_one_file_more_and_cost_it) {
  const TollOptions one_file{.bytes_max = 100 << 10};
  const HttpResponse refused = ask(one_file, {{"metrics", "p99"}}, &AnalyticsApi::query);
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr(R"("source":"rollup","files":2)"));
}

TEST_F(TolledApiTest, what_is_outside_of_the_range_costs_nothing) {
  const TollOptions nothing{.bytes_max = 1};
  const std::map<std::string, std::string> yesterday = {{"from", "2026-02-28T00:00:00Z"},
                                                        {"to", "2026-02-28T01:00:00Z"}};
  EXPECT_EQ(ask(nothing, yesterday, &AnalyticsApi::query).status, 200);
}

TEST_F(TolledApiTest, single_requests_are_paid_for_too) {
  const std::map<std::string, std::string> noon = {{"from", "2026-03-01T11:00:00Z"},
                                                   {"to", "2026-03-01T13:00:00Z"}};
  EXPECT_EQ(ask({.bytes_max = 1}, noon, &AnalyticsApi::requests).status, 422);
}

}  // namespace
}  // namespace weir
