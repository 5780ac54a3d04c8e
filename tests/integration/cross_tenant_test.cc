// No endpoint tells one tenant of another: what is another tenant's is as if it were not there. Every
// route of every process has its case here: the routes are read off the running processes, so a new
// one without a case fails.
#include "base/digest.h"
#include "base/http/client.h"
#include "tests/integration/deployment.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

// Of one length, so that only what they name differs.
const std::string kTheirs = "sub-of-acme";
const std::string kNobodys = "sub-of-none";
const std::string kUnattributed = "raw-of-acme";  // acme's usage, which no catalogue knows
constexpr std::string_view kSecret = "secret-of-acme";

struct Question {
  std::string method, path, body;
};

struct Case {
  std::string process, method, route;
  /// The request about a thing of this name, as the other tenant makes it.
  std::function<Question(const std::string& thing)> ask;
  int status;
  bool open = false;  // needs no key, and must hold nothing of any tenant
};

std::string cut(std::string text, const std::string& name) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    text.replace(at, name.size(), "NAME");
  }
  return text;
}

/// Without what differs between any two requests: the name that was asked for, times, ages.
std::string comparable(const std::string& body, const std::string& name) {
  static const std::regex times(R"("[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*")");
  static const std::regex lag(R"("lag_s":[0-9.]+)");
  return std::regex_replace(std::regex_replace(cut(body, name), times, "TIME"), lag, "LAG");
}

/// "GET /v1/query" and so on, of a process that runs.
std::set<std::string> routes_in(const std::string& metrics) {
  static const std::regex line(
      R"re(weir_http_request_duration_seconds_count\{method="([^"]+)",route="([^"]+)"\})re");
  std::set<std::string> routes;
  for (std::sregex_iterator at(metrics.begin(), metrics.end(), line), end; at != end; ++at) {
    routes.insert((*at)[1].str() + " " + (*at)[2].str());
  }
  return routes;
}

std::string catalog(std::int64_t from_us) {
  std::string toml;
  for (const std::string tenant : {"acme", "globex"}) {
    toml += fmt::format(R"([[tenant]]
id = "{0}"
[[meter]]
tenant = "{0}"
id = "requests"
aggregate = "count"
[[plan]]
tenant = "{0}"
id = "metered"
currency = "EUR"
period = "day"
[[plan.price]]
meter = "requests"
per_unit = "1.00"
[[customer]]
tenant = "{0}"
id = "customer-of-{0}"
[[subscription]]
tenant = "{0}"
id = "sub-of-{0}"
customer = "customer-of-{0}"
plan = "metered"
from = "{1}"
)",
                        tenant, format_rfc3339(from_us));
  }
  return toml;
}

class CrossTenant : public ::testing::Test {
 protected:
  void SetUp() override {
    from_us_ = now_second_us();
    weir_.apply_catalog(catalog(from_us_));
    weir_.api_key("acme");
    weir_.api_key("globex");
    start("ingest", "weir-ingest", {"serve"});
    start("quota", "weir-quota", {"run"});
    start("segments", "weir-analytics", {"consume"});
    start("queries", "weir-analytics", {"serve"});
    start("compact", "weir-analytics", {"compact"});
    fill();
  }

  void start(const std::string& name, const std::string& binary, const Deployment::Words& words) {
    processes_[name] = weir_.start(binary, words, name);
    urls_[name] = weir_.url_of(*processes_[name]);
  }

  static std::string event(const std::string& id, const std::string& subscription) {
    return fmt::format(
        R"({{"source":"gw","id":"{}","time":"{}","subscription":"{}","route":"/{}","units":7}})",
        id, format_rfc3339(system_clock().now().value), subscription, kSecret);
  }

  /// Three events of acme's, in both sides.
  void fill() {
    const std::string body = "[" + event("1", kTheirs) + "," + event("2", kTheirs) + "," +
                             event("3", kUnattributed) + "]";
    ASSERT_EQ(weir_.post(urls_["ingest"] + "/v1/events", "acme", "application/json", body).first,
              202);
    ASSERT_TRUE(eventually(seconds(60), [&] {
      return weir_.counted_units() >= 3 && weir_.analytics_rows() == 3 &&
             weir_.applied_to() == weir_.log_end();
    })) << processes_["quota"]->err();
  }

  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer send(const std::string& process, const Question& question, const std::string& key) {
    HttpClient::Headers headers = {{"Idempotency-Key", random_hex(8)}};
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    HttpClient client;
    const Deadline deadline = Deadline::in(seconds(30));
    const std::string url = urls_[process] + question.path;
    if (question.method == "POST") headers.emplace_back("Content-Type", "application/json");
    auto reply = question.method == "POST" ? client.post(url, headers, question.body, deadline)
                                           : client.get(url, headers, deadline);
    if (!reply) throw std::runtime_error(reply.error().text());
    return {reply->status, reply->body};
  }
  Answer as_globex(const Case& one, const std::string& thing) {
    return send(one.process, one.ask(thing), weir_.api_key("globex"));
  }

  std::string range() const {
    return fmt::format("from={}&to={}", format_rfc3339(from_us_ - 3600 * kMicrosPerSecond),
                       format_rfc3339(from_us_ + 3600 * kMicrosPerSecond));
  }
  std::string range_json() const {
    return fmt::format(R"("from":"{}","to":"{}")",
                       format_rfc3339(from_us_ - 3600 * kMicrosPerSecond),
                       format_rfc3339(from_us_ + 3600 * kMicrosPerSecond));
  }
  std::vector<Case> cases();

  Deployment weir_;
  std::map<std::string, std::unique_ptr<ChildProcess>> processes_;
  std::map<std::string, std::string> urls_;
  std::int64_t from_us_ = 0;
};

std::vector<Case> CrossTenant::cases() {
  const auto get = [](const std::string& path) {
    return [path](const std::string& thing) {
      return Question{"GET", fmt::format(fmt::runtime(path), thing), ""};
    };
  };
  const auto post = [](const std::string& path,
                       const std::function<std::string(std::string)>& body) {
    return [path, body](const std::string& thing) { return Question{"POST", path, body(thing)}; };
  };
  const std::string filter = "&filter=subscription:{}";
  const auto filter_json = [this](const std::string& more) {
    return [this, more](const std::string& thing) {
      return "{" + range_json() + more + R"(,"filter":{"subscription":[")" + thing + "\"]}}";
    };
  };
  std::vector<Case> all = {
      {"ingest", "POST", "/v1/events",
       post("/v1/events", [](const std::string& thing) { return event(random_hex(8), thing); }),
       202},
      {"ingest", "GET", "/v1/producer", get("/v1/producer"), 200, true},
      {"quota", "GET", "/v1/subscriptions/{id}/usage", get("/v1/subscriptions/{}/usage"), 404},
      {"quota", "GET", "/v1/subscriptions/{id}/quota", get("/v1/subscriptions/{}/quota"), 404},
      {"quota", "POST", "/v1/check",
       post("/v1/check",
            [](const std::string& thing) {
              return R"({"subscription":")" + thing +
                     R"(","costs":[{"meter":"requests","cost":1}]})";
            }),
       404},
      {"quota", "GET", "/v1/freshness", get("/v1/freshness"), 200},
      {"queries", "GET", "/v1/query",
       get("/v1/query?" + range() + "&group_by=route,subscription" + filter), 200},
      {"queries", "POST", "/v1/query",
       post("/v1/query", filter_json(R"(,"group_by":["subscription"])")), 200},
      {"queries", "GET", "/v1/requests", get("/v1/requests?" + range() + filter), 200},
      {"queries", "POST", "/v1/requests", post("/v1/requests", filter_json("")), 200},
      {"queries", "POST", "/v1/counts",
       post("/v1/counts",
            [this](const std::string&) {
              return "{" + range_json() + R"(,"incarnation":1,"vector":[1000,1000,1000,1000]})";
            }),
       200},
      {"queries", "GET", "/v1/schema", get("/v1/schema"), 200},
  };
  for (const auto& [process, url] : urls_) {
    for (const char* route : {"/healthz", "/metrics", "/readyz"}) {
      all.push_back({process, "GET", route, get(route), 200, true});
    }
  }
  return all;
}

TEST_F(CrossTenant, every_route_of_every_process_has_a_case_here) {
  std::map<std::string, std::set<std::string>> covered;
  for (const Case& one : cases()) covered[one.process].insert(one.method + " " + one.route);
  for (const auto& [process, url] : urls_) {
    const std::string metrics = send(process, {"GET", "/metrics", ""}, "").body;
    EXPECT_EQ(routes_in(metrics), covered[process]) << process;
  }

  for (const Case& one : cases()) {
    SCOPED_TRACE(one.process + ": " + one.method + " " + one.route);
    const Answer theirs = as_globex(one, kTheirs);
    const Answer nobodys = as_globex(one, kNobodys);
    EXPECT_EQ(theirs.status, one.status) << theirs.body;
    EXPECT_EQ(nobodys.status, one.status) << nobodys.body;
    EXPECT_THAT(theirs.body, Not(HasSubstr(kSecret)));
    if (one.open) {
      EXPECT_THAT(theirs.body, Not(HasSubstr("acme")));
      continue;
    }
    EXPECT_EQ(comparable(theirs.body, kTheirs), comparable(nobodys.body, kNobodys));
    EXPECT_THAT(cut(theirs.body, kTheirs), Not(HasSubstr("acme")));
    // Whoever has no key learns not even that.
    EXPECT_EQ(send(one.process, one.ask(kTheirs), "").status, 401);
    EXPECT_EQ(send(one.process, one.ask(kTheirs), "weir_" + std::string(40, 'a')).status, 401);
  }

  // Events that name another's subscription, or another tenant, are the sender's own.
  const std::string forged = R"({"tenant":"acme",)" + event(random_hex(8), kTheirs).substr(1);
  send("ingest", {"POST", "/v1/events", forged}, weir_.api_key("globex"));
  ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }));
  EXPECT_EQ(weir_.sql_number("select coalesce(sum(units), 0) from quota.usage "
                             "where tenant = 'acme'"),
            3);
}

TEST_F(CrossTenant, unattributed_usage_and_lists_of_another_tenant_are_not_found) {
  const auto usage = [&](const std::string& thing) {
    return send("quota", {"GET", "/v1/subscriptions/" + thing + "/usage", ""},
                weir_.api_key("globex"));
  };
  EXPECT_EQ(usage(kUnattributed).status, 404);
  EXPECT_EQ(comparable(usage(kUnattributed).body, kUnattributed),
            comparable(usage(kNobodys).body, kNobodys));

  const std::string list = "/v1/requests?limit=1&" + range();
  const Answer page = send("queries", {"GET", list, ""}, weir_.api_key("acme"));
  const std::regex next(R"re("next_cursor":"([0-9a-f]+)")re");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(page.body, found, next)) << page.body;
  const std::string cursor = found[1];
  std::string made_up = cursor;
  made_up.back() = made_up.back() == '0' ? '1' : '0';
  const auto follow = [&](const std::string& from) {
    return send("queries", {"GET", list + "&cursor=" + from, ""}, weir_.api_key("globex"));
  };
  EXPECT_EQ(follow(cursor).status, 400);
  EXPECT_EQ(follow(cursor).body, follow(made_up).body);
}

// A thing that is there must not take another way than one that is not: half of the difference that a
// statement to the database makes would show. The bounds are wide, since the machine may be busy.
TEST_F(CrossTenant, what_is_another_tenants_takes_as_long_to_deny_as_what_is_not_there) {
  using Clock = std::chrono::steady_clock;
  const auto median_us = [](std::vector<std::int64_t> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  for (const Case& one : cases()) {
    if (one.status != 404) continue;
    std::vector<std::int64_t> theirs, nobodys;
    for (int i = 0; i < 60; ++i) {
      for (const auto& [name, times] : {std::pair{kTheirs, &theirs}, {kNobodys, &nobodys}}) {
        const auto begun = Clock::now();
        as_globex(one, name);
        times->push_back(std::chrono::duration_cast<Micros>(Clock::now() - begun).count());
      }
    }
    const std::int64_t a = median_us(theirs), b = median_us(nobodys);
    EXPECT_LT(std::max(a, b), 3 * std::min(a, b) + 2000) << one.route << ": " << a << ", " << b;
  }
}

}  // namespace
}  // namespace weir::test
