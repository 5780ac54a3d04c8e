// R2: the stream grows by a move to a wider topic, under traffic, with the real collector, consumer,
// biller, broker and database. Nothing is lost, nothing counts twice, nothing is charged meanwhile.
#include "base/digest.h"
#include "base/http/client.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <atomic>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

/// Posts events to a collector until it is told to stop; whatever is not answered by 202 is posted
/// again, to wherever the collector is by then. Remembers everything, for retries. Threads: its own.
class Poster {
 public:
  Poster(std::string key, std::vector<std::string> subscriptions)
      : key_(std::move(key)), subscriptions_(std::move(subscriptions)) {}
  void to(const std::string& url) {
    const std::lock_guard held(mutex_);
    url_ = url;
  }
  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) post_round(stop);
    });
  }
  void finish() {
    thread_.request_stop();
    thread_.join();
  }
  std::int64_t accepted() const { return accepted_; }
  /// The first `rounds` once more, as a client does whose answer was lost.
  void retry(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) ASSERT_TRUE(post(bodies_.at(i))) << i;
  }

 private:
  void post_round(const std::stop_token& stop) {
    const std::string time = format_rfc3339(system_clock().now().value);
    std::string body = "[";
    for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
      body += fmt::format(R"({}{{"source":"poster","id":"{}-{}","time":"{}","subscription":"{}"}})",
                          i == 0 ? "" : ",", round_, i, time, subscriptions_[i]);
    }
    body += "]";
    ++round_;
    bodies_.push_back(body);
    // Not given up when asked to stop: it may have been accepted, and then it counts.
    while (!post(body)) {
      if (stop.stop_requested()) ++after_stop_;
      if (after_stop_ > 100) return;
    }
    accepted_ += static_cast<std::int64_t>(subscriptions_.size());
  }
  bool post(const std::string& body) {
    std::string url;
    {
      const std::lock_guard held(mutex_);
      url = url_;
    }
    HttpClient client;
    const auto reply = client.post(url + "/v1/events",
                                   {{"Authorization", "Bearer " + key_},
                                    {"Content-Type", "application/json"},
                                    {"Idempotency-Key", random_hex(8)}},
                                   body, Deadline::in(seconds(5)));
    return reply && reply->status == 202;
  }

  const std::string key_;
  const std::vector<std::string> subscriptions_;
  std::mutex mutex_;
  std::string url_;  // guarded by mutex_
  std::atomic<std::int64_t> accepted_ = 0;
  // of the thread; of the caller once it has finished
  std::vector<std::string> bodies_;
  int round_ = 0, after_stop_ = 0;
  std::jthread thread_;
};

class MoveFaults : public ::testing::Test {
 protected:
  MoveFaults() : former_(weir_.topic()), wider_(former_ + "-wide") {
    for (int i = 0; i < 9; ++i) subscriptions_.push_back(fmt::format("s{}", i));
    weir_.apply_catalog(one_price(subscriptions_, "2s", "1.00", now_second_us()));
    poster_ = std::make_unique<Poster>(weir_.api_key("acme"), subscriptions_);
  }
  void collect(const std::string& topic) {
    weir_.use_topic(topic);
    // A log of its own: whoever listens by it has read the configuration.
    collector_ = weir_.start("weir-ingest", {"serve"}, "collector-" + topic);
    poster_->to(weir_.url_of(*collector_));
    weir_.use_topic(former_);
  }
  void consume() { quota_ = weir_.start("weir-quota", {"consume"}, "quota"); }
  Finished move(Deployment::Words words) {
    words.insert(words.begin(), "move");
    if (words[1] != "show") {
      words.insert(words.end(), {"--by", "ada", "--reason", "eight partitions were too few"});
    }
    return weir_.run("weir-quota", words);
  }
  bool left_nothing() {
    return move({"show", "--json"}).out.find("\"left\":[]") != std::string::npos;
  }
  std::int64_t accepted_at_least(std::int64_t more) {
    const std::int64_t goal = poster_->accepted() + more;
    EXPECT_TRUE(eventually(seconds(60), [&] { return poster_->accepted() >= goal; }))
        << collector_->err();
    return poster_->accepted();
  }
  void charge_everything() {
    Finished run{};
    EXPECT_TRUE(eventually(seconds(120),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return weir_.charged_minor() >= poster_->accepted() * 100;
                           }))
        << run.out << run.err;
    EXPECT_EQ(weir_.charged_minor(), poster_->accepted() * 100);
  }

  std::vector<std::string> subscriptions_;
  Deployment weir_;
  const std::string former_, wider_;
  std::unique_ptr<ChildProcess> quota_, collector_;
  std::unique_ptr<Poster> poster_;
};

TEST_F(MoveFaults, R2_a_stream_of_four_partitions_grows_to_six_under_traffic) {
  consume();
  collect(former_);
  poster_->start();
  accepted_at_least(300);

  weir_.use_topic(wider_);
  weir_.run_well("weir-ingest", {"topic", "create", "--partitions", "6"});
  weir_.use_topic(former_);
  const Finished planned = move({"declare", "--topic", wider_, "--json"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("\"from_partitions\":4"));
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.move"), 0) << "without --yes";
  const Finished declared = move({"declare", "--topic", wider_, "--yes"});
  ASSERT_EQ(declared.exit_code, 0) << declared.out << declared.err;

  // Held, with the one thing to do; no barrier is written.
  const std::int64_t barriers = weir_.sql_number("select count(*) from billing.barrier");
  const std::int64_t charged = weir_.charged_minor();
  Finished run = weir_.run("weir-billing", {"run", "--json"});
  EXPECT_EQ(run.exit_code, 75) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"move\""));
  run = weir_.run("weir-billing", {"check"});
  EXPECT_THAT(run.out, HasSubstr("weir-quota move show"));
  EXPECT_EQ(weir_.sql_number("select count(*) from billing.barrier"), barriers);

  // Nobody has switched yet.
  const Finished refused = move({"finish", "--yes"});
  EXPECT_EQ(refused.exit_code, 65) << refused.out << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("its final seal"));

  // The collector switches, with its spool, while clients go on.
  ASSERT_EQ(collector_->stop(seconds(30)), 0) << collector_->err();
  collect(wider_);
  accepted_at_least(300);
  EXPECT_EQ(move({"cancel"}).exit_code, 65) << "its events would be read by nobody";
  EXPECT_TRUE(eventually(seconds(60), [&] { return left_nothing(); }))
      << move({"show"}).out << quota_->err();

  // A consumer of the old topic that is still there is fenced, and ends.
  EXPECT_THAT(move({"finish", "--json"}).out, HasSubstr("\"to\":\"" + wider_ + "\""));
  const Finished finished = move({"finish", "--yes"});
  ASSERT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  EXPECT_TRUE(eventually(seconds(60), [&] { return !quota_->running(); }));
  const Finished old = weir_.run("weir-quota", {"consume"});
  EXPECT_EQ(old.exit_code, 78) << old.err;
  EXPECT_THAT(old.err, HasSubstr("set it to " + wider_));
  run = weir_.run("weir-billing", {"check"});
  EXPECT_THAT(run.out, HasSubstr("set stream.topic to " + wider_));
  EXPECT_EQ(weir_.charged_minor(), charged);

  weir_.use_topic(wider_);
  consume();
  EXPECT_TRUE(
      eventually(seconds(60),
                 [&] {
                   return weir_.sql_number(
                              "select count(*) from quota.progress where incarnation = 2 and "
                              "caught_up_at_us is not null") == 6;
                 }))
      << "every partition is read\n"
      << quota_->err();
  accepted_at_least(100);
  poster_->finish();
  // Clients whose answers were lost in the old topic's days send again: other partitions, same events.
  poster_->retry(20);
  EXPECT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }))
      << quota_->err();
  weir_.expect_counts_add_up();
  EXPECT_TRUE(eventually(seconds(60), [&] {
    return weir_.sql_number("select sum(duplicate) from quota.progress where incarnation = 2") >=
           20 * static_cast<std::int64_t>(subscriptions_.size());
  })) << quota_->err();
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.unprovable"), 0);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.gap"), 0);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.hole where closed_at_us is null"), 0);
  EXPECT_EQ(weir_.counted_units(), poster_->accepted());

  charge_everything();
  const std::vector<std::string> charges = weir_.charges();
  EXPECT_EQ(std::set<std::string>(charges.begin(), charges.end()).size(), charges.size());
  EXPECT_EQ(static_cast<std::int64_t>(charges.size()),
            weir_.sql_number("select count(*) from billing.invoice where total_minor > 0"));
  const Finished verified = weir_.run("weir-billing", {"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace weir::test
