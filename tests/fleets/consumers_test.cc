// Consumers of one group share the partitions: one is added, one is killed, one is frozen for longer than its
// session and wakes as a zombie, all under load; usage by bucket and analytics' rows equal what was sent.
#include "base/http/client.h"
#include "ingest/kafka/kafka_admin.h"
#include "storage/sqlite/sqlite.h"
#include "tests/faults/feeder.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

const std::vector<std::string> kSubscriptions = {"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"};
constexpr std::int32_t kPartitions = 4;
constexpr std::int64_t kBucketUs = kMicrosPerSecond;  // as the deployment's

/// A consumer of either side, and what it says of itself.
class Consumer {
 public:
  Consumer(Deployment& weir, const std::string& binary, const std::string& name,
           std::vector<std::string> words)
      : weir_(weir), binary_(binary), name_(name), words_(std::move(words)) {
    words_.insert(words_.begin(), "consume");
    words_.push_back("--kafka.instance_id=" + name);
    start();
  }
  void start() {
    // A log of its own each time: the address is looked up there.
    process_ = weir_.start(binary_, words_, fmt::format("{}-{}", name_, ++starts_));
    url_ = weir_.url_of(*process_);
  }
  ChildProcess& process() { return *process_; }
  /// Sum of a metric over its labels; 0 while it does not answer.
  std::int64_t metric(const std::string& name) const {
    HttpClient client;
    const auto reply = client.get(url_ + "/metrics", {}, Deadline::in(seconds(2)));
    std::istringstream lines(reply ? reply->body : "");
    std::int64_t sum = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(name + "{") && !line.starts_with(name + " ")) continue;
      sum += std::stoll(line.substr(line.rfind(' ') + 1));
    }
    return sum;
  }
  std::int64_t applied() const { return metric("weir_events_applied_total"); }
  bool applies_more() const {
    const std::int64_t before = applied();
    return eventually(seconds(40), [&] { return applied() > before; });
  }

  /// Stopped where it stands, but not while it holds the catalogue's lock: SQLite's cannot be taken from
  /// a process that lives, and then nobody could go on, which is another matter.
  void freeze() {
    ASSERT_TRUE(eventually(seconds(20), [&] {
      process_->signal(SIGSTOP);
      if (!holds_write_lock()) return true;
      process_->signal(SIGCONT);
      return false;
    }));
  }
  void wake() { process_->signal(SIGCONT); }

 private:
  bool holds_write_lock() const {
    std::ifstream locks("/proc/locks");
    const std::string mine = fmt::format(" WRITE {} ", process_->pid());
    for (std::string line; std::getline(locks, line);) {
      const bool posix = line.find("POSIX") != std::string::npos;
      if (posix && line.find(mine) != std::string::npos) return true;
    }
    return false;
  }

  Deployment& weir_;
  const std::string binary_, name_;
  std::vector<std::string> words_;
  std::unique_ptr<ChildProcess> process_;
  std::string url_;
  int starts_ = 0;
};

class Shared : public ::testing::Test {
 protected:
  Shared() {
    weir_.apply_catalog(one_price(kSubscriptions, "month", "0.01", now_second_us()));
    feeder_ = std::make_unique<Feeder>(weir_, FeederOptions{kSubscriptions, kPartitions, 16});
  }
  Consumer quota(const std::string& name) {
    return {weir_,
            "weir-quota",
            "quota-" + name,
            {fmt::format("--quota.volume={}/quota-{}", weir_.folder(), name),
             "--quota.commit_interval=20ms", "--quota.database_timeout=4s"}};
  }
  /// Stopped in the middle of a transaction, in which it holds the rows of its partitions.
  void freeze_in_transaction(Consumer& consumer) {
    const std::string held =
        "select count(*) from pg_stat_activity where datname = current_database() and "
        "application_name = 'weir-quota consume' and state = 'idle in transaction'";
    // Another consumer's would have gone on since.
    const std::string still = held + " and state_change < clock_timestamp() - interval '300 ms'";
    ASSERT_TRUE(eventually(seconds(60), [&] {
      consumer.process().signal(SIGSTOP);
      if (weir_.sql_number(held) > 0 &&
          eventually(seconds(1), [&] { return weir_.sql_number(still) > 0; })) {
        return true;
      }
      consumer.process().signal(SIGCONT);
      return false;
    }));
  }
  /// Its volume is the one of all analytics' processes of this host.
  Consumer analytics(const std::string& name) {
    return {weir_, "weir-analytics", "analytics-" + name, {"--analytics.commit_interval=200ms"}};
  }
  /// What stands in the stream now, both sides have soon, in each partition by itself: a sum would let the
  /// partitions of those who live make up for those of the dead.
  void both_go_on() {
    std::string quota_behind, analytics_behind;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      const std::int64_t end = end_of(p);
      quota_behind += fmt::format("{}(partition = {} and next < {})", p == 0 ? "" : " or ", p, end);
    }
    analytics_behind = "select count(*) from progress where " + quota_behind;
    quota_behind = "select count(*) from quota.progress where " + quota_behind;
    EXPECT_TRUE(eventually(seconds(120), [&] { return weir_.sql_number(quota_behind) == 0; }))
        << weir_.sql("select string_agg(partition || ':' || next, ' ') from quota.progress");
    EXPECT_TRUE(eventually(seconds(120), [&] { return analytics_number(analytics_behind) == 0; }))
        << analytics_behind;
  }
  std::int64_t end_of(std::int32_t partition) {
    const Deadline soon = Deadline::in(seconds(20));
    auto admin = KafkaAdmin::open(weir_.kafka());
    WEIR_CHECK(admin.ok());
    const auto bounds = (*admin)->bounds(PartitionId(partition), soon);
    WEIR_CHECK(bounds.ok());
    return bounds->end.value;
  }
  std::int64_t analytics_number(const std::string& query) {
    auto catalogue = SqliteDatabase::open(weir_.folder() + "/analytics/catalogue.sqlite",
                                          SqliteMode::read_only, seconds(10));
    if (!catalogue) return -1;
    auto answer = catalogue->prepare(query);
    if (!answer) return -1;
    auto row = answer->step();
    return row && *row ? answer->integer(0) : -1;
  }
  /// "s3 1700000000000000 17" a line, in order: what the ledger says and what was sent.
  std::string ledger() {
    return weir_.sql(
        "select coalesce(string_agg(subscription || ' ' || bucket_us || ' ' || units, E'\\n' "
        "order by subscription, bucket_us), '') from (select subscription, bucket_us, "
        "sum(units) units from (select subscription, bucket_us, units from quota.usage union all "
        "select subscription, bucket_us, units from quota.adjustment) every group by 1, 2) summed");
  }
  std::string truth() const {
    std::string out;
    for (const auto& [key, units] : feeder_->by_bucket(kBucketUs)) {
      out += fmt::format("{}{} {} {}", out.empty() ? "" : "\n", key.first, key.second, units);
    }
    return out;
  }
  void every_total_is_exact() {
    feeder_->finish();
    both_go_on();
    EXPECT_EQ(weir_.counted_units(), feeder_->events());
    EXPECT_EQ(ledger(), truth());
    EXPECT_EQ(weir_.analytics_rows(), feeder_->events());
    weir_.expect_counts_add_up();
  }
  void each_subscription_has_its_rows_in_analytics() {
    const std::string key = weir_.api_key("acme");
    const auto queries =
        weir_.start("weir-analytics", {"serve", "--analytics.query_timeout=60s"}, "queries");
    const std::int64_t from_us = now_second_us() - 600 * kMicrosPerSecond;
    const std::string answer =
        weir_
            .get(weir_.url_of(*queries) +
                     "/v1/query?granularity=all&metrics=requests&group_by=subscription&from=" +
                     format_rfc3339(from_us) +
                     "&to=" + format_rfc3339(from_us + 3600 * kMicrosPerSecond),
                 "acme")
            .second;
    std::map<std::string, std::int64_t> sums;
    for (const auto& [bucket, units] : feeder_->by_bucket(kBucketUs)) sums[bucket.first] += units;
    for (const auto& [subscription, units] : sums) {
      EXPECT_THAT(answer,
                  HasSubstr(fmt::format("\"subscription\":\"{}\",\"other\":false,\"requests\":{}}}",
                                        subscription, units)));
    }
  }

  Deployment weir_;
  std::unique_ptr<Feeder> feeder_;
};

TEST_F(Shared, consumers_come_are_killed_and_frozen_under_load_and_every_total_stays_exact) {
  Consumer quota_a = quota("a"), analytics_a = analytics("a");
  ASSERT_TRUE(quota_a.applies_more() && analytics_a.applies_more());

  Consumer quota_b = quota("b"), analytics_b = analytics("b");
  EXPECT_TRUE(quota_b.applies_more()) << quota_b.process().err();
  EXPECT_TRUE(analytics_b.applies_more()) << analytics_b.process().err();
  EXPECT_TRUE(quota_a.applies_more() && analytics_a.applies_more());  // it kept some

  quota_a.process().kill_hard();
  analytics_a.process().kill_hard();
  both_go_on();  // when its session is over, the others have its partitions
  quota_a.start();
  analytics_a.start();
  EXPECT_TRUE(quota_a.applies_more()) << quota_a.process().err();
  EXPECT_TRUE(analytics_a.applies_more()) << analytics_a.process().err();

  freeze_in_transaction(quota_b);
  analytics_b.freeze();
  both_go_on();  // as well: their sessions are over, and they do not know it
  quota_b.wake();
  analytics_b.wake();
  EXPECT_TRUE(quota_b.applies_more()) << quota_b.process().err();
  EXPECT_TRUE(analytics_b.applies_more()) << analytics_b.process().err();

  every_total_is_exact();
  each_subscription_has_its_rows_in_analytics();
  for (Consumer* consumer : {&quota_a, &quota_b, &analytics_a, &analytics_b}) {
    EXPECT_EQ(consumer->process().stop(seconds(30)), 0) << consumer->process().err();
  }
}

}  // namespace
}  // namespace weir::test
