// Connections, deadlines and migrations on a real PostgreSQL.
#include "quota/migrations.h"
#include "tests/contract/quota/quota_database.h"

#include <future>
#include <gtest/gtest.h>
#include <signal.h>

namespace weir {
namespace {

constexpr Micros kShort = std::chrono::milliseconds(300);

/// A backend that does not run, as under SIGSTOP: it still acknowledges TCP.
class Frozen {
 public:
  explicit Frozen(int pid) : pid_(pid), frozen_(kill(pid, SIGSTOP) == 0) {}
  ~Frozen() { kill(pid_, SIGCONT); }
  bool frozen() const { return frozen_; }

 private:
  int pid_;
  bool frozen_;
};

TEST(PostgresTest, a_call_to_a_frozen_server_ends_by_its_deadline) {
  QuotaDatabase database;
  Connection connection = database.connect();
  Frozen frozen(connection.backend_pid());
  ASSERT_TRUE(frozen.frozen()) << "the test must run as a user that may signal the server";
  Result<Rows> answer = connection.run("SELECT 1", Deadline::in(kShort));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(connection.broken());
}

TEST(PostgresTest, a_commit_to_a_frozen_server_is_in_doubt) {
  QuotaDatabase database;
  Connection connection = database.connect();
  ASSERT_TRUE(connection.begin(soon()).ok());
  ASSERT_TRUE(connection
                  .run("INSERT INTO quota.audit (at_us, actor, action, detail) "
                       "VALUES (1, 'a', 'b', 'c')",
                       soon())
                  .ok());
  {
    Frozen frozen(connection.backend_pid());
    ASSERT_TRUE(frozen.frozen()) << "the test must run as a user that may signal the server";
    Status committed = connection.commit(Deadline::in(kShort));
    ASSERT_FALSE(committed.ok());
    EXPECT_EQ(committed.error().code, ErrorCode::in_doubt);
  }
  // It was in the socket: this time the doubt resolves to done.
  EXPECT_TRUE(database.eventually("SELECT count(*) = 1 FROM quota.audit"));
}

TEST(PostgresTest, a_pool_throws_broken_connections_away_and_opens_others) {
  QuotaDatabase database;
  PostgresOptions options = database.options();
  options.pool_max = 1;
  Database pool(options);
  {
    Result<Database::Lease> lease = pool.acquire(soon());
    ASSERT_TRUE(lease.ok());
    database.tell("SELECT pg_terminate_backend(" + std::to_string((*lease)->backend_pid()) + ")");
    EXPECT_FALSE((*lease)->run("SELECT 1", soon()).ok());
    EXPECT_FALSE(pool.acquire(Deadline::in(Micros{1000})).ok()) << "bounded by pool_max";
  }
  Result<Database::Lease> again = pool.acquire(soon());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE((*again)->run("SELECT 1", soon()).ok());
}

TEST(PostgresTest, nobody_listening_is_unavailable_and_names_the_place) {
  PostgresOptions options;
  options.conninfo = "host=127.0.0.1 port=1 user=nobody dbname=weir";
  Result<Connection> refused = Connection::open(options, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().what.find("127.0.0.1:1/weir"), std::string::npos);
}

TEST(PostgresTest, a_missing_database_is_a_matter_of_configuration) {
  PostgresOptions options;
  options.conninfo = test_postgres() + " dbname=weir_is_not_here";
  Result<Connection> refused = Connection::open(options, soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::config);
}

TEST(PostgresTest, every_session_commits_synchronously_at_read_committed) {
  QuotaDatabase database;
  EXPECT_EQ(database.ask("SHOW synchronous_commit"), "on");
  EXPECT_EQ(database.ask("SHOW transaction_isolation"), "read committed");
  EXPECT_EQ(database.ask("SHOW lock_timeout"), "10s");
}

TEST(PostgresTest, parameters_arrive_as_they_were_given) {
  QuotaDatabase database;
  Connection connection = database.connect();
  const std::string_view texts[] = {"a,b", "", "{\"x\"}", "NULL"};
  const std::int64_t numbers[] = {INT64_MIN, -1, 0, INT64_MAX};
  Result<Rows> rows = connection.run(
      "SELECT t, n, $3::bytea, $4::bigint IS NULL FROM unnest($1::text[], $2::bigint[]) AS x (t, "
      "n)",
      Params().texts(texts).integers(numbers).bytes(std::string_view("\0\xff", 2)).null(), soon());
  ASSERT_TRUE(rows.ok()) << rows.error().text();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rows->text(i, 0), texts[i]);
    EXPECT_EQ(rows->integer(i, 1), numbers[i]);
    EXPECT_EQ(rows->bytes(i, 2), std::string("\0\xff", 2));
    EXPECT_EQ(rows->integer(i, 3), 1);
  }
}

constexpr const char* kCopyAudit =
    "COPY quota.audit (at_us, actor, action, detail) FROM STDIN (FORMAT binary)";

CopyRows audit_rows(std::int64_t count, std::string_view detail) {
  CopyRows rows;
  for (std::int64_t i = 0; i < count; ++i) rows.row(4).integer(i).text("a").text("").text(detail);
  return rows;
}

TEST(PostgresTest, copied_rows_arrive_as_they_were_given_however_many_pieces_they_take) {
  QuotaDatabase database;
  Connection connection = database.connect();
  const std::string detail = "tab\t, \\N, \xC3\xBC" + std::string(1'000, 'x');
  ASSERT_TRUE(connection.begin(soon()).ok());
  const Status copied = connection.copy_in(kCopyAudit, audit_rows(5'000, detail), soon());
  ASSERT_TRUE(copied.ok()) << copied.error().text();
  EXPECT_EQ(connection.run("SELECT count(*) FROM quota.audit", soon())->integer(0, 0), 5'000);
  ASSERT_TRUE(connection.commit(soon()).ok());
  const Result<Rows> rows = connection.run(
      "SELECT count(*), min(at_us), max(at_us), min(actor), max(action), min(detail), max(detail) "
      "FROM quota.audit",
      soon());
  ASSERT_TRUE(rows.ok()) << rows.error().text();
  EXPECT_EQ(rows->integer(0, 0), 5'000);
  EXPECT_EQ(rows->integer(0, 1), 0);
  EXPECT_EQ(rows->integer(0, 2), 4'999);
  EXPECT_EQ(rows->text(0, 3), "a");
  EXPECT_EQ(rows->text(0, 4), "");
  EXPECT_EQ(rows->text(0, 5), detail);
  EXPECT_EQ(rows->text(0, 6), detail);
}

TEST(PostgresTest, a_row_that_copy_refuses_fails_the_transaction_and_leaves_the_connection_usable) {
  QuotaDatabase database;
  database.tell("CREATE UNIQUE INDEX ON quota.audit (detail)");
  Connection connection = database.connect();
  ASSERT_TRUE(connection.begin(soon()).ok());
  const Status refused = connection.copy_in(kCopyAudit, audit_rows(200'000, "twice"), soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict) << refused.error().text();
  EXPECT_FALSE(connection.commit(soon()).ok());
  EXPECT_FALSE(connection.broken());
  EXPECT_EQ(connection.run("SELECT count(*) FROM quota.audit", soon())->integer(0, 0), 0);
}

TEST(PostgresTest, a_copy_into_what_is_not_there_is_an_error_and_no_loss_of_the_connection) {
  QuotaDatabase database;
  Connection connection = database.connect();
  const Status refused = connection.copy_in("COPY quota.nothing FROM STDIN (FORMAT binary)",
                                            audit_rows(1, ""), soon());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::config) << refused.error().text();
  EXPECT_TRUE(connection.run("SELECT 1", soon()).ok());
}

TEST(PostgresTest, a_copy_to_a_frozen_server_ends_by_its_deadline) {
  QuotaDatabase database;
  Connection connection = database.connect();
  ASSERT_TRUE(connection.begin(soon()).ok());
  Frozen frozen(connection.backend_pid());
  ASSERT_TRUE(frozen.frozen()) << "the test must run as a user that may signal the server";
  const Status copied = connection.copy_in(kCopyAudit, audit_rows(1, ""), Deadline::in(kShort));
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(connection.broken());
}

TEST(MigrationsTest, a_second_run_changes_nothing) {
  QuotaDatabase database;
  Connection connection = database.connect();
  Result<std::vector<std::string>> again = migrate(connection, "quota", quota_migrations(), soon());
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->empty());
  EXPECT_TRUE(check_migrated(connection, "quota", quota_migrations(), "x", soon()).ok());
}

TEST(MigrationsTest, an_edited_missing_or_unknown_migration_is_refused) {
  QuotaDatabase database;
  Connection connection = database.connect();
  database.tell("UPDATE quota.migration SET sha256 = 'other' WHERE number = 1");
  Result<std::vector<std::string>> edited =
      migrate(connection, "quota", quota_migrations(), soon());
  ASSERT_FALSE(edited.ok());
  EXPECT_EQ(edited.error().code, ErrorCode::integrity);
  database.tell("DELETE FROM quota.migration WHERE number = 1");
  EXPECT_FALSE(migrate(connection, "quota", quota_migrations(), soon()).ok());
  database.tell("DELETE FROM quota.migration");
  database.tell("INSERT INTO quota.migration VALUES (99, '0099_future', 'x', 1)");
  EXPECT_FALSE(migrate(connection, "quota", quota_migrations(), soon()).ok());
}

TEST(MigrationsTest, a_failing_migration_leaves_nothing_behind_and_two_at_once_apply_once) {
  QuotaDatabase database;
  const Migration broken[] = {{1, "0001_broken", "CREATE TABLE other.a (x int); SELECT 1/0"}};
  Connection first = database.connect(), second = database.connect();
  EXPECT_FALSE(migrate(first, "other", broken, soon()).ok());
  EXPECT_EQ(database.ask("SELECT to_regclass('other.a') IS NULL"), "t");
  const Migration good[] = {{1, "0001_good", "CREATE TABLE other.a (x int)"}};
  auto rival =
      std::async(std::launch::async, [&] { return migrate(second, "other", good, soon()); });
  Result<std::vector<std::string>> mine = migrate(first, "other", good, soon());
  Result<std::vector<std::string>> theirs = rival.get();
  ASSERT_TRUE(mine.ok() && theirs.ok());
  EXPECT_EQ(mine->size() + theirs->size(), 1u);
}

TEST(MigrationsTest, a_database_that_is_behind_names_the_command) {
  QuotaDatabase database;
  Connection connection = database.connect();
  database.tell(
      "DELETE FROM quota.migration WHERE number = (SELECT max(number) FROM quota.migration)");
  Status behind =
      check_migrated(connection, "quota", quota_migrations(), "weir-quota migrate", soon());
  ASSERT_FALSE(behind.ok());
  EXPECT_EQ(behind.error().code, ErrorCode::config);
  EXPECT_NE(behind.error().text().find("weir-quota migrate"), std::string::npos);
}

TEST(ContractTest, billing_sees_the_contract_and_no_table) {
  QuotaDatabase database;
  Connection connection = database.connect();
  ASSERT_TRUE(connection.script("SET ROLE weir_billing", soon()).ok());
  for (const char* view : {"v1_deployment", "v1_progress", "v1_blockers", "v1_usage",
                           "v1_adjustments", "v1_unprovable_count", "v2_deployment", "v2_progress",
                           "v2_blockers", "v2_producers", "v2_seals", "v2_numbers"}) {
    EXPECT_TRUE(connection.run("SELECT * FROM quota." + std::string(view), soon()).ok()) << view;
  }
  EXPECT_TRUE(connection.run("SELECT quota.v1_clock_us()", soon()).ok());
  EXPECT_EQ(connection.run("SELECT * FROM quota.usage", soon()).error().code, ErrorCode::denied);
  EXPECT_EQ(connection.run("UPDATE quota.frozen SET closed_until_us = 0", soon()).error().code,
            ErrorCode::denied);
}

TEST(ContractTest, an_adjustment_is_assigned_to_one_close_only) {
  QuotaDatabase database;
  database.tell(
      "INSERT INTO quota.adjustment (tenant, subscription, meter, bucket_us, units, "
      "incarnation, applied_at_us) VALUES ('t', 's', 'm', 0, 1, 1, 1)");
  EXPECT_EQ(database.ask("SELECT quota.v1_assign_adjustments(7, ARRAY[1, 2])"), "1");
  EXPECT_EQ(database.ask("SELECT quota.v1_assign_adjustments(8, ARRAY[1, 2])"), "");
  EXPECT_EQ(database.ask("SELECT close_id FROM quota.v1_adjustments"), "7");
}

}  // namespace
}  // namespace weir
