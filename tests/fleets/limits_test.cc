// What the three listeners for tenants let one API key do, and what they show to whom. And: members of a fleet
// that start at the same moment.
#include "base/http/client.h"
#include "tests/fleets/nginx.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

struct Server {
  std::string binary, table, path, body;  // body empty: GET
  int good;
};

const std::vector<Server> kServers = {
    {"weir-ingest", "ingest", "/v1/events",
     R"({"source":"s","id":"1","time":"2026-01-01T00:00:00Z","subscription":"s1"})", 202},
    {"weir-quota", "quota", "/v1/freshness", "", 200},
    {"weir-analytics", "analytics", "/v1/schema", "", 200},
};

class Limits : public ::testing::TestWithParam<Server> {
 protected:
  HttpReply ask(std::uint16_t port, const std::string& path, const std::string& key) {
    HttpClient client;
    const std::string url = fmt::format("http://127.0.0.1:{}{}", port, path);
    const HttpClient::Headers headers = {{"Authorization", "Bearer " + key},
                                         {"Content-Type", "application/x-ndjson"}};
    const auto reply = GetParam().body.empty() || path != GetParam().path
                           ? client.get(url, headers, Deadline::in(seconds(20)))
                           : client.post(url, headers, GetParam().body, Deadline::in(seconds(20)));
    return reply ? *reply : HttpReply{};
  }

  Deployment weir_;
};

TEST_P(Limits, a_key_has_its_rate_a_header_its_size_and_admins_an_address_of_their_own) {
  const Server& server = GetParam();
  weir_.apply_catalog(one_price({"s1"}, "month", "0.01", now_second_us()));
  const std::string key = weir_.api_key("acme"), other = weir_.api_key("bolt");
  const std::uint16_t port = free_port(), admin = free_port();
  const std::string option = "--" + server.table + ".";
  const auto process = weir_.start(server.binary,
                                   {"serve", fmt::format("{}listen=127.0.0.1:{}", option, port),
                                    fmt::format("{}admin_listen=127.0.0.1:{}", option, admin),
                                    option + "requests_per_second=1", option + "requests_burst=5"},
                                   server.table);
  ASSERT_TRUE(eventually(seconds(30), [&] { return ask(port, "/healthz", "").status == 200; }))
      << process->err();

  HttpReply refused;
  int taken = 0;
  for (int i = 0; i < 100 && refused.status == 0; ++i) {
    const HttpReply reply = ask(port, server.path, key);
    if (reply.status == 429) {
      refused = reply;
    } else {
      EXPECT_EQ(reply.status, server.good) << reply.body;
      ++taken;
    }
  }
  EXPECT_GE(taken, 5);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("/problems/too-many-requests"));
  EXPECT_THAT(refused.headers,
              ::testing::Contains(std::pair<std::string, std::string>("retry-after", "1")));
  EXPECT_EQ(ask(port, server.path, other).status, server.good);

  for (const char* path : {"/metrics", "/readyz", "/v1/producer"}) {
    EXPECT_EQ(ask(port, path, key).status, 404) << path;
  }
  for (const std::uint16_t either : {port, admin})
    EXPECT_EQ(ask(either, "/healthz", "").status, 200);
  EXPECT_THAT(ask(admin, "/metrics", "").body, HasSubstr("route=\"refused\",status=\"429\""));
  EXPECT_NE(ask(admin, "/readyz", "").status, 404);
  EXPECT_EQ(ask(admin, "/v1/producer", "").status, server.table == "ingest" ? 200 : 404);
  for (const std::uint16_t either : {port, admin}) {
    EXPECT_EQ(ask(either, "/healthz", std::string(40'000, 'x')).status, 431);
  }
  EXPECT_EQ(process->stop(seconds(30)), 0) << process->err();
}

INSTANTIATE_TEST_SUITE_P(All, Limits, ::testing::ValuesIn(kServers),
                         [](const auto& server) { return server.param.table; });

TEST(Together, analytics_consumers_that_make_one_fresh_volume_at_once_all_run) {
  Deployment weir;
  std::vector<std::unique_ptr<ChildProcess>> consumers;
  for (int i = 0; i < 4; ++i) {
    consumers.push_back(weir.start("weir-analytics",
                                   {"consume", fmt::format("--kafka.instance_id=together-{}", i)},
                                   fmt::format("together-{}", i)));
  }
  for (const auto& consumer : consumers) {
    const std::string url = weir.url_of(*consumer);
    EXPECT_TRUE(eventually(seconds(60), [&] {
      HttpClient client;
      const auto reply = client.get(url + "/readyz", {}, Deadline::in(seconds(2)));
      return (reply && reply->status == 200) || !consumer->running();
    }));
    EXPECT_TRUE(consumer->running()) << consumer->err();
  }
}

}  // namespace
}  // namespace weir::test
