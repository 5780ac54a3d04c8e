// Fleets of two behind a real nginx, under load: each process is restarted in turn, then killed in turn, and
// no request fails; then a whole fleet is gone and the others notice nothing. Every event that was answered
// 202 is counted once.
#include "base/http/client.h"
#include "tests/fleets/load.h"
#include "tests/fleets/nginx.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::string> kSubscriptions = {"s0", "s1", "s2", "s3"};

/// One process of a fleet, which comes back at the same address.
class Member {
 public:
  Member(Deployment& weir, std::string binary, const std::string& table, std::string name,
         std::vector<std::string> more)
      : weir_(weir), binary_(std::move(binary)), name_(std::move(name)), port_(free_port()) {
    words_ = {"serve", fmt::format("--{}.listen=127.0.0.1:{}", table, port_),
              // Longer than nginx keeps an idle connection, as deploy/nginx/README.md asks.
              fmt::format("--{}.drain_delay=5s", table)};
    words_.insert(words_.end(), more.begin(), more.end());
    start();
  }
  std::uint16_t port() const { return port_; }
  ChildProcess& process() { return *process_; }

  void start() { process_ = weir_.start(binary_, words_, name_); }
  bool ready() {
    return eventually(seconds(30), [&] { return get("/readyz").first == 200; });
  }
  /// nginx found it again: it has answered something that nobody but nginx asks.
  bool asked_by_nginx() {
    return eventually(seconds(30), [&] {
      std::istringstream metrics(get("/metrics").second);
      for (std::string line; std::getline(metrics, line);) {
        const bool counts = line.starts_with("weir_http_requests_total{");
        if (counts && line.find("route=\"/v1/") != std::string::npos) return true;
      }
      return false;
    });
  }

 private:
  std::pair<int, std::string> get(const std::string& path) const {
    HttpClient client;
    const auto reply =
        client.get(fmt::format("http://127.0.0.1:{}{}", port_, path), {}, Deadline::in(seconds(5)));
    return reply ? std::pair(reply->status, reply->body) : std::pair(0, std::string());
  }

  Deployment& weir_;
  const std::string binary_, name_;
  const std::uint16_t port_;
  std::vector<std::string> words_;
  std::unique_ptr<ChildProcess> process_;
};

class Rolling : public ::testing::Test {
 protected:
  Rolling() {
    weir_.apply_catalog(one_price(kSubscriptions, "month", "0.01", now_second_us()));
    key_ = weir_.api_key("acme");  // before anybody reads the keys
    counting_ = weir_.start("weir-quota", {"consume"}, "counting");
    segments_ = weir_.start("weir-analytics", {"consume"}, "segments");
    for (const std::string which : {"a", "b"}) {
      ingest_.push_back(std::make_unique<Member>(
          weir_, "weir-ingest", "ingest", "ingest-" + which,
          std::vector<std::string>{
              fmt::format("--ingest.state_folder={}/ingest-{}", weir_.folder(), which),
              "--ingest.producer=collector-" + which}));
      quota_.push_back(std::make_unique<Member>(weir_, "weir-quota", "quota", "quota-" + which,
                                                std::vector<std::string>{}));
      analytics_.push_back(std::make_unique<Member>(
          weir_, "weir-analytics", "analytics", "analytics-" + which, std::vector<std::string>{}));
    }
    for (Member* member : all()) EXPECT_TRUE(member->ready()) << member->process().err();
    nginx_ = std::make_unique<Nginx>(weir_.folder(),
                                     Fleets{ports(ingest_), ports(quota_), ports(analytics_)});
    load_ = std::make_unique<Load>(nginx_->url(), key_, kSubscriptions);
  }

  using Fleet = std::vector<std::unique_ptr<Member>>;
  static std::vector<std::uint16_t> ports(const Fleet& fleet) {
    std::vector<std::uint16_t> out;
    for (const auto& member : fleet) out.push_back(member->port());
    return out;
  }
  /// The one of this number of each fleet.
  std::vector<Member*> each(std::size_t number) {
    return {ingest_[number].get(), quota_[number].get(), analytics_[number].get()};
  }
  std::vector<Member*> all() {
    std::vector<Member*> out = each(0);
    for (Member* member : each(1)) out.push_back(member);
    return out;
  }
  void everybody_is_asked() {
    for (Member* member : all()) {
      EXPECT_TRUE(member->asked_by_nginx()) << member->process().err() << errors_of_nginx();
    }
  }
  std::string errors_of_nginx() {
    std::istringstream log(nginx_->log());
    std::string out;
    for (std::string line; std::getline(log, line);) {
      if (line.find("[error]") != std::string::npos) out += line + "\n";
    }
    return out;
  }
  void every_accepted_event_counts_once() {
    load_->finish();
    EXPECT_TRUE(eventually(seconds(60), [&] { return weir_.counted_units() >= load_->accepted(); }))
        << weir_.counted_units() << " of " << load_->accepted();
    // All that the collectors hold is on the stream when they have ended well.
    for (const auto& member : ingest_) {
      EXPECT_EQ(member->process().stop(seconds(30)), 0) << member->process().err();
    }
    EXPECT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }));
    EXPECT_EQ(weir_.counted_units(), load_->accepted());
    EXPECT_TRUE(eventually(seconds(60), [&] {
      return weir_.analytics_rows() >= load_->accepted();
    })) << segments_->err();
    EXPECT_EQ(weir_.analytics_rows(), load_->accepted());
    weir_.expect_counts_add_up();
  }

  Deployment weir_;
  std::string key_;
  std::unique_ptr<ChildProcess> counting_, segments_;
  Fleet ingest_, quota_, analytics_;
  std::unique_ptr<Nginx> nginx_;
  std::unique_ptr<Load> load_;
};

TEST_F(Rolling, each_process_of_each_fleet_restarts_under_load_and_no_request_fails) {
  load_->events();
  load_->events();
  load_->quota_reads();
  for (int i = 0; i < 4; ++i) load_->checks();
  load_->queries();
  everybody_is_asked();
  for (const std::size_t number : {0u, 1u}) {
    for (Member* member : each(number)) member->process().signal(SIGTERM);
    for (Member* member : each(number)) {
      EXPECT_EQ(member->process().wait(seconds(30)), 0) << member->process().err();
      EXPECT_EQ(member->process().err().find("http stops with open connections"),
                std::string::npos);
      member->start();
      EXPECT_TRUE(member->ready()) << member->process().err();
    }
    everybody_is_asked();
  }
  EXPECT_THAT(load_->failures(), IsEmpty()) << errors_of_nginx();
  EXPECT_GT(load_->answered(), 500);
  every_accepted_event_counts_once();
}

TEST_F(Rolling, kills_cost_no_event_and_no_read_and_a_fleet_that_is_gone_leaves_the_others) {
  load_->events();
  load_->events();
  load_->quota_reads();
  // No checks: one that a process was killed under is its client's to repeat.
  auto queries = std::make_unique<Load>(nginx_->url(), key_, kSubscriptions);
  queries->queries();
  everybody_is_asked();
  for (const std::size_t number : {0u, 1u}) {
    for (Member* member : each(number)) member->process().kill_hard();
    const std::int64_t before = load_->answered();
    EXPECT_TRUE(eventually(seconds(30), [&] { return load_->answered() > before + 100; }));
    for (Member* member : each(number)) {
      member->start();
      EXPECT_TRUE(member->ready()) << member->process().err();
    }
    everybody_is_asked();
  }
  queries->finish();
  EXPECT_THAT(queries->failures(), IsEmpty()) << errors_of_nginx();

  for (const auto& member : analytics_) member->process().kill_hard();
  HttpClient client;
  const auto gone = client.get(nginx_->url() + "/v1/schema", {{"Authorization", "Bearer " + key_}},
                               Deadline::in(seconds(10)));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->status, 503);
  EXPECT_THAT(gone->body, HasSubstr("\"/problems/away\""));
  EXPECT_THAT(gone->headers,
              ::testing::Contains(std::pair<std::string, std::string>("retry-after", "1")));
  for (const char* hidden : {"/metrics", "/readyz", "/v1/producer", "/nothing"}) {
    const auto reply = client.get(nginx_->url() + hidden, {}, Deadline::in(seconds(10)));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 404) << hidden;
  }
  const std::int64_t before = load_->answered();
  EXPECT_TRUE(eventually(seconds(30), [&] { return load_->answered() > before + 100; }));
  EXPECT_THAT(load_->failures(), IsEmpty()) << errors_of_nginx();
  every_accepted_event_counts_once();
}

}  // namespace
}  // namespace weir::test
