#include "analytics/api.h"
#include "analytics/rollup.h"
#include "analytics/store_fixture.h"

#include <map>
#include <random>

namespace weir {
namespace {

using Query = std::map<std::string, std::string>;

Status free_of_charge(const QueryCost&) { return {}; }

/// A volume, a consumer that fills it, and the API over it.
class QueryTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    consumer_ = consumer();
    load(*consumer_);
    Result<QueryEngine> opened = QueryEngine::open(*volume_, {}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    engine_ = std::make_unique<QueryEngine>(std::move(*opened));
    api_ = std::make_unique<AnalyticsApi>(*engine_, ApiOptions(), clock_, metrics_);
  }
  void commit_rows(const std::vector<RequestRow>& rows) {
    BatchBuilder b(0, next_);
    for (const RequestRow& row : rows) b.add(row);
    ASSERT_EQ(commit(*consumer_, b.batch()), Committed::done);
    next_ += static_cast<std::int64_t>(rows.size());
  }
  static HttpRequest asked(Query query, const std::string& tenant) {
    HttpRequest request;
    request.method = "GET";
    request.path = "/v1/query";
    request.query = std::move(query);
    request.tenant = tenant;
    return request;
  }
  /// Noon ± the given minutes unless the query says otherwise.
  HttpResponse ask(Query query, const std::string& tenant = "acme") {
    query.emplace("from", format_rfc3339(kNoonUs - 60 * kMinuteUs));
    query.emplace("to", format_rfc3339(kNoonUs + 60 * kMinuteUs));
    return api_->query(asked(std::move(query), tenant));
  }
  static std::string rows_of(const HttpResponse& response) {
    std::size_t at = response.body.find("\"rows\":");
    return at == std::string::npos ? response.body : response.body.substr(at + 7);
  }
  static std::string source_of(const HttpResponse& response) {
    return response.body.find("\"source\":\"rollup\"") != std::string::npos ? "rollup" : "segments";
  }
  std::int64_t next_ = 0;
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<QueryEngine> engine_;
  std::unique_ptr<AnalyticsApi> api_;
};

TEST_F(QueryTest, counts_and_rates_of_the_whole_range) {
  commit_rows({request("acme", "/a"), request("acme", "/a", kNoonUs, 503),
               request("acme", "/b", kNoonUs, 404), request("acme", "/b", kNoonUs, 0)});
  HttpResponse r = ask({{"metrics",
                         "requests,errors,client_errors,error_rate,units,"
                         "request_bytes,response_bytes,latency_avg"}});
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(rows_of(r),
            R"([{"requests":4,"errors":1,"client_errors":1,"error_rate":0.25,"units":4,)"
            R"("request_bytes":40,"response_bytes":800,"latency_avg":1000}]})");
  EXPECT_EQ(source_of(r), "rollup");
}

TEST_F(QueryTest, a_tenant_sees_its_own_rows_whatever_it_asks) {
  commit_rows({request("acme", "/a"), request("bolt", "/secret"), request("", "/none")});
  EXPECT_EQ(rows_of(ask({{"metrics", "requests"}}, "acme")), R"([{"requests":1}]})");
  EXPECT_EQ(rows_of(ask({{"metrics", "requests"}}, "' OR 1=1 --")), R"([{"requests":0}]})");
  for (const char* source : {"rollup", "segments"}) {
    HttpResponse r = ask({{"group_by", "route"}, {"source", source}}, "acme");
    EXPECT_EQ(r.body.find("secret"), std::string::npos) << r.body;
    r = ask({{"filter", "route:/secret"}, {"source", source}}, "acme");
    EXPECT_EQ(rows_of(r), R"([{"requests":0}]})");
  }
  HttpResponse listed = api_->requests(asked({}, "acme"));
  EXPECT_EQ(listed.body.find("secret"), std::string::npos);
  EXPECT_EQ(ask({{"filter", "tenant:bolt"}}).status, 400);
  EXPECT_EQ(ask({{"group_by", "tenant"}}).status, 400);
}

TEST_F(QueryTest, buckets_without_requests_are_zero_and_not_missing) {
  commit_rows({request("acme", "/a", kNoonUs + kMinuteUs)});
  HttpResponse r = ask({{"from", "2026-03-01T12:00:00Z"},
                        {"to", "2026-03-01T12:03:00Z"},
                        {"granularity", "minute"},
                        {"metrics", "requests,error_rate,p95"}});
  EXPECT_EQ(rows_of(r),
            R"([{"time":"2026-03-01T12:00:00Z","requests":0,"error_rate":null,"p95":null},)"
            R"({"time":"2026-03-01T12:01:00Z","requests":1,"error_rate":0,"p95":1003},)"
            R"({"time":"2026-03-01T12:02:00Z","requests":0,"error_rate":null,"p95":null}]})");
}

TEST_F(QueryTest, a_range_without_any_file_is_all_zeros) {
  HttpResponse r = ask({{"granularity", "hour"}, {"metrics", "requests"}});
  ASSERT_EQ(r.status, 200) << r.body;
  EXPECT_EQ(rows_of(r), R"([{"time":"2026-03-01T11:00:00Z","requests":0},)"
                        R"({"time":"2026-03-01T12:00:00Z","requests":0}]})");
}

TEST_F(QueryTest, what_the_limit_cuts_off_is_summed_in_other) {
  std::vector<RequestRow> rows;
  for (int i = 0; i < 5; ++i) rows.push_back(request("acme", "/busy"));
  for (int i = 0; i < 3; ++i) rows.push_back(request("acme", "/second", kNoonUs, 500));
  rows.push_back(request("acme", "/third"));
  rows.push_back(request("acme", "/fourth"));
  commit_rows(rows);
  for (const char* source : {"rollup", "segments"}) {
    HttpResponse r = ask({{"group_by", "route"},
                          {"metrics", "requests,errors"},
                          {"limit", "2"},
                          {"source", source}});
    EXPECT_EQ(rows_of(r), R"([{"route":"/busy","other":false,"requests":5,"errors":0},)"
                          R"({"route":"/second","other":false,"requests":3,"errors":3},)"
                          R"({"route":null,"other":true,"requests":2,"errors":0}]})");
    EXPECT_NE(r.body.find("\"groups_total\":4"), std::string::npos);
    r = ask({{"group_by", "route"}, {"limit", "2"}, {"other", "false"}, {"source", source}});
    EXPECT_EQ(rows_of(r), R"([{"route":"/busy","requests":5},{"route":"/second","requests":3}]})");
    r = ask({{"group_by", "route"},
             {"limit", "1"},
             {"order_by", "-errors"},
             {"other", "0"},
             {"source", source}});
    EXPECT_EQ(rows_of(r), R"([{"route":"/second","requests":3}]})");
  }
}

TEST_F(QueryTest, rollups_answer_what_they_know_and_segments_the_rest) {
  commit_rows({request("acme", "/a")});
  EXPECT_EQ(source_of(ask({{"group_by", "api,route,method,subscription,status_class"}})), "rollup");
  EXPECT_EQ(source_of(ask({{"group_by", "country"}})), "segments");
  EXPECT_EQ(source_of(ask({{"filter", "status:200"}})), "segments");
  EXPECT_EQ(source_of(ask({{"from", "2026-03-01T11:59:59Z"}})), "segments");
  EXPECT_EQ(source_of(ask({{"granularity", "30s"}})), "segments");
  EXPECT_EQ(source_of(ask({{"granularity", "5m"}})), "rollup");
  EXPECT_EQ(ask({{"group_by", "country"}, {"source", "rollup"}}).status, 400);
}

TEST_F(QueryTest, keys_that_the_cap_folded_are_answered_from_the_rows) {
  SegmentWriterOptions options;
  options.rollup_groups_max = 10;
  consumer_ = consumer(options);
  std::vector<std::string> routes;
  for (int i = 0; i < 50; ++i) routes.push_back("/r" + std::to_string(i));
  std::vector<RequestRow> rows;
  for (const std::string& route : routes) rows.push_back(request("acme", route));
  commit_rows(rows);
  HttpResponse r = ask({{"filter", "route:/r49"}});
  EXPECT_EQ(source_of(r), "segments");
  EXPECT_EQ(rows_of(r), R"([{"requests":1}]})");
  EXPECT_EQ(source_of(ask({})), "rollup");
  EXPECT_EQ(rows_of(ask({})), R"([{"requests":50}]})");
  r = ask({{"filter", "route:/r49"}, {"source", "rollup"}});
  EXPECT_NE(r.body.find("\"overflow_events\":40"), std::string::npos) << r.body;
}

TEST_F(QueryTest, what_the_cap_folded_of_one_tenant_sends_no_other_to_the_rows) {
  SegmentWriterOptions options;
  options.rollup_tenant_groups_max = 10;
  consumer_ = consumer(options);
  std::vector<std::string> routes;
  for (int i = 0; i < 50; ++i) routes.push_back("/r" + std::to_string(i));
  std::vector<RequestRow> rows;
  for (const std::string& route : routes) rows.push_back(request("acme", route));
  rows.push_back(request("globex", "/r49"));
  commit_rows(rows);
  EXPECT_EQ(source_of(ask({{"filter", "route:/r49"}}, "acme")), "segments");
  const HttpResponse others = ask({{"filter", "route:/r49"}}, "globex");
  EXPECT_EQ(source_of(others), "rollup");
  EXPECT_EQ(rows_of(others), R"([{"requests":1}]})");
  EXPECT_EQ(others.body.find("overflow_events"), std::string::npos) << others.body;
}

TEST_F(QueryTest, both_sources_agree_and_percentiles_within_one_percent) {
  std::mt19937_64 random(11);
  std::vector<RequestRow> rows;
  std::vector<std::string> names = {"/a", "/b", "/c", "/d"};
  for (int i = 0; i < 4000; ++i) {
    rows.push_back(request("acme", names[random() % 4],
                           kNoonUs + static_cast<std::int64_t>(random() % 600) * kMicrosPerSecond,
                           static_cast<std::uint16_t>(random() % 5 ? 200 : 500),
                           static_cast<std::int64_t>(random() % 900'000)));
  }
  commit_rows(rows);
  auto answer = [&](const std::string& source) {
    Result<QueryParameters> p =
        parameters_of(asked({{"from", "2026-03-01T12:00:00Z"},
                             {"to", "2026-03-01T12:10:00Z"},
                             {"granularity", "5m"},
                             {"group_by", "route"},
                             {"metrics", "requests,errors,units,latency_avg,p50,p90,p95,p99,p999"},
                             {"limit", "3"},
                             {"source", source}},
                            "acme"));
    Result<QuerySpec> spec = check_query(*p, kNoonUs);
    Result<QueryAnswer> a = engine_->query("acme", *spec, soon(), free_of_charge);
    WEIR_CHECK(a.ok());
    return a->table;
  };
  Table rollup = answer("rollup"), segments = answer("segments");
  ASSERT_EQ(rollup.rows.size(), 8u);
  ASSERT_EQ(segments.rows.size(), 8u);
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t column = 0; column < rollup.columns.size(); ++column) {
      const Cell &a = rollup.rows[row][column], &b = segments.rows[row][column];
      if (!rollup.columns[column].name.starts_with("p")) {
        EXPECT_EQ(a, b) << rollup.columns[column].name << " of row " << row;
        continue;
      }
      auto near = static_cast<double>(std::get<Int128>(a));
      auto exact = static_cast<double>(std::get<Int128>(b));
      EXPECT_NEAR(near, exact, 0.01 * exact) << rollup.columns[column].name << " of row " << row;
    }
  }
}

TEST_F(QueryTest, days_follow_the_time_zone_through_a_change_of_clocks) {
  // Europe/Berlin springs forward on 2026-03-29: that day has 23 hours.
  std::int64_t midnight = *parse_rfc3339("2026-03-28T23:00:00Z");
  std::int64_t hour = 60 * kMinuteUs;
  commit_rows({request("acme", "/a", midnight - 1), request("acme", "/a", midnight),
               request("acme", "/a", midnight + 23 * hour - 1),
               request("acme", "/a", midnight + 23 * hour)});
  for (const char* source : {"rollup", "segments"}) {
    HttpResponse r = ask({{"from", "2026-03-27T23:00:00Z"},
                          {"to", "2026-03-30T22:00:00Z"},
                          {"tz", "Europe/Berlin"},
                          {"granularity", "day"},
                          {"source", source}});
    EXPECT_EQ(rows_of(r), R"([{"time":"2026-03-27T23:00:00Z","requests":1},)"
                          R"({"time":"2026-03-28T23:00:00Z","requests":2},)"
                          R"({"time":"2026-03-29T22:00:00Z","requests":1}]})");
  }
}

TEST_F(QueryTest, csv_comes_when_it_is_asked_for) {
  commit_rows({request("acme", "/a,\"b\"")});
  HttpRequest request = asked({{"from", "2026-03-01T11:00:00Z"},
                               {"to", "2026-03-01T13:00:00Z"},
                               {"group_by", "route,country"},
                               {"metrics", "requests,error_rate"}},
                              "acme");
  request.headers["accept"] = "text/csv";
  HttpResponse r = api_->query(request);
  EXPECT_EQ(r.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(r.body, "route,country,other,requests,error_rate\r\n\"/a,\"\"b\"\"\",DE,false,1,0\r\n");
}

TEST_F(QueryTest, a_bad_query_is_refused_and_the_parameter_named) {
  struct Case {
    Query query;
    const char* says;
  } const cases[] = {
      {{{"metrics", "requests,cost"}}, "metrics: 'cost' is not known; allowed are requests"},
      {{{"group_by", "route,route"}}, "group_by: 'route' is named twice"},
      {{{"group_by", "1; DROP TABLE x"}}, "group_by: '1; DROP TABLE x' is not known"},
      {{{"from", "yesterday"}}, "from: 'yesterday' is no time"},
      {{{"from", "2027-01-01T00:00:00Z"}}, "from: must be before to"},
      {{{"tz", "Mars/Olympus"}}, "tz: 'Mars/Olympus' is no zone"},
      {{{"granularity", "fortnight"}}, "granularity: 'fortnight' is not known"},
      {{{"granularity", "1s"}, {"from", "2020-01-01T00:00:00Z"}}, "makes more than"},
      {{{"order_by", "-price"}}, "order_by: 'price' is no metric"},
      {{{"limit", "0"}}, "limit: '0' must be a whole number from 1 to 1000"},
      {{{"limit", "ten"}}, "limit: 'ten' must be"},
      {{{"filter", "route"}}, "filter: 'route' is not dimension:value"},
      {{{"filter", "status:teapot"}}, "filter: status needs whole numbers"},
      {{{"filter", "colour:red"}}, "filter: 'colour' is no dimension"},
      {{{"other", "maybe"}}, "other: 'maybe' is neither true nor false"},
      {{{"source", "guess"}}, "source: 'guess' is not known"},
      {{{"metric", "requests"}}, "metric: is no parameter"},
  };
  for (const Case& c : cases) {
    HttpResponse r = ask(c.query);
    EXPECT_EQ(r.status, 400) << c.says;
    EXPECT_EQ(r.content_type, "application/problem+json");
    EXPECT_NE(r.body.find(c.says), std::string::npos) << r.body;
  }
}

TEST_F(QueryTest, post_takes_the_same_query_as_json) {
  commit_rows({request("acme", "/a"), request("acme", "/b|,:\\"), request("acme", "/c")});
  HttpRequest post = asked({}, "acme");
  post.method = "POST";
  post.body = R"({"from":"2026-03-01T11:00:00Z","to":"2026-03-01T13:00:00Z","metrics":["requests"],
                  "filter":{"route":["/a","/b|,:\\"],"status":200},"limit":5,"other":false})";
  EXPECT_EQ(rows_of(api_->query(post)), R"([{"requests":2}]})");
  EXPECT_EQ(rows_of(ask({{"filter", R"(route:/a|/b\|\,\:\\,status:200)"}})),
            R"([{"requests":2}]})");
  for (const char* body : {"", "[]", "{\"limit\":1.5}", "{\"filter\":[]}", "{\"x\":1}"}) {
    post.body = body;
    EXPECT_EQ(api_->query(post).status, 400) << body;
  }
}

TEST_F(QueryTest, every_answer_says_how_fresh_it_is) {
  HttpResponse r = ask({});
  EXPECT_NE(r.body.find("\"complete_through\":null,\"lag_s\":null"), std::string::npos) << r.body;
  for (std::int32_t partition : {0, 1}) {
    BatchBuilder b(partition, 0);
    b.range().caught_up_at = WallTime(kNoonUs - 1'500'000);
    ASSERT_EQ(commit(*consumer_, b.batch()), Committed::done);
  }
  r = ask({});
  EXPECT_NE(r.body.find("\"as_of\":\"2026-03-01T12:00:00Z\",\"complete_through\":"
                        "\"2026-03-01T11:49:58.5Z\",\"lag_s\":1.5"),
            std::string::npos)
      << r.body;
}

TEST_F(QueryTest, without_a_catalogue_the_answer_is_503_and_not_a_crash) {
  std::filesystem::remove_all(volume_->root());
  ASSERT_TRUE(volume_->prepare().ok());
  EXPECT_EQ(ask({}).status, 503);
  EXPECT_FALSE(engine_->ready().ok());
}

TEST_F(QueryTest, a_query_ends_at_its_deadline) {
  commit_rows({request("acme", "/a")});
  Result<QuerySpec> spec = check_query({}, kNoonUs);
  Result<QueryAnswer> a = engine_->query("acme", *spec, Deadline::in(Micros(0)), free_of_charge);
  ASSERT_FALSE(a.ok());
  EXPECT_EQ(a.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace weir
