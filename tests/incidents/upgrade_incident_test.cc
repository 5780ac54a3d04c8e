// Incident 3: the upgrade that both sides shared. The quota database moves to a new cluster with another
// configuration, and is then rebuilt from the stream, while analytics consumes and answers; analytics'
// store is thrown away and rebuilt while bills go out; a migration that fails half-way leaves nothing
// behind. Before and after, each side says the same.
#include "base/http/client.h"
#include "quota/migrations.h"
#include "storage/postgres/connection.h"
#include "tests/incidents/incident.h"
#include "tests/incidents/new_cluster.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Upgrade : public Incident {
 protected:
  Upgrade() {
    feed();
    count();
  }
  void start_analytics() {
    consumer_ = weir_.start("weir-analytics", {"consume"}, "consumer");
    queries_ = weir_.start("weir-analytics", {"serve"}, "queries");
    ASSERT_TRUE(eventually(seconds(90), [&] { return weir_.analytics_rows() > 0; }))
        << tail_of(consumer_->err());
  }
  void analytics_applied(std::int64_t end) {
    EXPECT_TRUE(eventually(seconds(90), [&] { return weir_.analytics_applied_to() >= end; }))
        << tail_of(consumer_->err());
  }
  /// Requests and units by minute and subscription: what analytics says of the time before.
  std::string answer_until(std::int64_t to_us) {
    HttpClient client;
    const std::string url = fmt::format(
        "{}/v1/query?granularity=minute&metrics=requests,units&group_by=subscription&from={}&to={}",
        weir_.url_of(*queries_), format_rfc3339(begin_us_ - 60 * kMicrosPerSecond),
        format_rfc3339(to_us));
    const auto reply =
        client.get(url, {{"Authorization", "Bearer " + key_}, {"Accept", "text/csv"}},
                   Deadline::in(seconds(30)));
    EXPECT_TRUE(reply && reply->status == 200) << (reply ? reply->body : reply.error().text());
    return reply ? reply->body : "";
  }
  std::string invoices() {
    return weir_.sql(
        "select string_agg(concat_ws(' ', i.number, i.customer, i.total_minor, l.line, "
        "l.period_from_us, l.units, l.amount_minor), E'\\n' order by i.number, l.line) "
        "from billing.invoice i join billing.invoice_line l on l.invoice_id = i.id");
  }
  /// Usage that is closed, which nothing may change any more.
  std::string closed_usage() {
    return weir_.sql(
        "select string_agg(concat_ws(' ', subscription, meter, bucket_us, units), E'\\n' order by "
        "subscription, meter, bucket_us) from quota.usage, quota.frozen "
        "where bucket_us < closed_until_us");
  }
  void stop_quota() { ASSERT_EQ(quota_->stop(seconds(30)), 0) << tail_of(quota_->err()); }

  std::unique_ptr<ChildProcess> consumer_, queries_;
};

class QuotaDatabase : public Upgrade {
 protected:
  void move_to(NewCluster& cluster) {
    const std::string admin = environment("WEIR_TEST_POSTGRES");
    cluster.take_roles(admin);
    stop_quota();
    const std::string before = invoices() + closed_usage();
    const std::size_t charges = weir_.charges().size();
    shut_database(admin, weir_.database());
    const Finished held = weir_.run("weir-billing", {"run"});
    EXPECT_EQ(held.exit_code, 75) << held.out << held.err;
    cluster.take_database(admin, weir_.database());
    weir_.use_server(cluster.moved(admin), cluster.moved(environment("WEIR_TEST_POSTGRES_QUOTA")),
                     cluster.moved(environment("WEIR_TEST_POSTGRES_BILLING")));
    EXPECT_EQ(weir_.sql("show wal_segment_size"), "1MB") << "it is the new one";
    EXPECT_EQ(invoices() + closed_usage(), before);
    EXPECT_EQ(weir_.charges().size(), charges);
  }
  void rebuild_from_the_stream() {
    stop_quota();
    const std::string closes = weir_.folder() + "/closes.jsonl";
    const std::string decisions = weir_.folder() + "/decisions.jsonl";
    weir_.run_well("weir-billing", {"certificates", "--export", closes});
    weir_.run_well("weir-quota", {"decisions", "export", decisions});
    const std::string before = invoices() + closed_usage();
    weir_.sql("drop schema quota cascade");
    std::filesystem::remove_all(weir_.folder() + "/quota");
    std::filesystem::create_directories(weir_.folder() + "/quota");
    weir_.run_well("weir-quota", {"migrate"});
    weir_.run_well("weir-quota", {"catalog", "apply", weir_.folder() + "/catalog.toml"});
    EXPECT_THAT(
        weir_.run_well("weir-quota", {"rebuild", "--closes", closes, "--decisions", decisions}),
        HasSubstr("same as the certificates say"));
    EXPECT_EQ(invoices() + closed_usage(), before);
  }
};

TEST_F(QuotaDatabase, moves_to_a_new_cluster_and_is_rebuilt_while_analytics_goes_on) {
  NewCluster cluster;
  start_analytics();
  Questions questions(question(*queries_), key_);
  money_goes_on(2);

  std::int64_t rows = weir_.analytics_rows();
  move_to(cluster);
  EXPECT_TRUE(eventually(seconds(30), [&] { return weir_.analytics_rows() > rows; }));
  count();
  money_goes_on(2);

  rows = weir_.analytics_rows();
  rebuild_from_the_stream();
  EXPECT_TRUE(eventually(seconds(30), [&] { return weir_.analytics_rows() > rows; }));
  count();
  money_goes_on(1);

  questions.finish();
  EXPECT_GT(questions.asked(), 20);
  EXPECT_THAT(questions.failures(), IsEmpty());
  feeder_->finish();
  every_bill_is_exact();
  analytics_has_everything(*consumer_);
  quota_.reset();  // before its server
}

TEST_F(Upgrade, the_analytics_store_is_thrown_away_and_rebuilt_while_bills_go_out) {
  start_analytics();
  money_goes_on(1);
  const std::int64_t past_us = now_second_us();
  analytics_applied(weir_.log_end());
  const std::string before = answer_until(past_us);
  EXPECT_THAT(before, HasSubstr("s2"));

  ASSERT_EQ(queries_->stop(seconds(30)), 0) << tail_of(queries_->err());
  ASSERT_EQ(consumer_->stop(seconds(30)), 0) << tail_of(consumer_->err());
  std::filesystem::remove_all(weir_.folder() + "/analytics");
  std::filesystem::create_directories(weir_.folder() + "/analytics");
  money_goes_on(1);
  start_analytics();
  money_goes_on(1);
  analytics_applied(weir_.log_end());
  EXPECT_EQ(answer_until(past_us), before);

  feeder_->finish();
  analytics_has_everything(*consumer_);
  every_bill_is_exact();
}

class HalfDoneMigration : public Upgrade {
 protected:
  /// The release after this one, whose last migration does `sql`.
  Result<std::vector<std::string>> migrate_with(const std::string& sql) {
    std::vector<Migration> migrations(quota_migrations().begin(), quota_migrations().end());
    migrations.push_back({static_cast<int>(migrations.size()) + 1, "half_done", sql});
    auto connection = connect();
    return migrate(connection, "quota", migrations, Deadline::in(seconds(120)));
  }
  Connection connect() {
    PostgresOptions options;
    std::string conninfo = environment("WEIR_TEST_POSTGRES_QUOTA");
    options.conninfo =
        conninfo.replace(conninfo.find("dbname=weir"), 11, "dbname=" + weir_.database());
    options.statement_timeout = seconds(120);
    return *Connection::open(options, Deadline::in(seconds(30)));
  }
  void the_old_version_works() {
    EXPECT_EQ(weir_.sql_number("select count(*) from information_schema.columns where table_schema "
                               "= 'quota' and column_name = 'half_done'"),
              0);
    EXPECT_EQ(weir_.sql("select coalesce(to_regclass('quota.half_done')::text, 'none')"), "none");
    EXPECT_THAT(weir_.run_well("weir-quota", {"migrate"}), HasSubstr("up to date"));
    EXPECT_TRUE(quota_->running());
    money_goes_on(1);
    stop_quota();
    count();
    money_goes_on(1);
  }
  static constexpr const char* kHalf =
      "alter table quota.usage add column half_done bigint; create table quota.half_done (n int); "
      "update quota.frozen set closed_until_us = 0;";
};

TEST_F(HalfDoneMigration, fails_or_dies_and_leaves_the_old_version_working) {
  money_goes_on(1);
  const auto failed = migrate_with(std::string(kHalf) + "select 1 / 0");
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().text(), HasSubstr("division by zero"));
  the_old_version_works();

  bool killed = false;
  {
    const std::jthread killer([&] {
      killed = eventually(seconds(60), [&] {
        return weir_.sql(
                   "select count(pg_terminate_backend(pid)) from pg_stat_activity where "
                   "wait_event = 'PgSleep' and datname = current_database()") == "1";
      });
    });
    EXPECT_FALSE(migrate_with(std::string(kHalf) + "select pg_sleep(600)").ok());
  }
  EXPECT_TRUE(killed);
  the_old_version_works();
  feeder_->finish();
  every_bill_is_exact();
}

}  // namespace
}  // namespace weir::test
