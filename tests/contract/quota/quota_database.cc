#include "tests/contract/quota/quota_database.h"

#include "base/digest.h"
#include "catalog/catalog.h"
#include "quota/migrations.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

namespace weir {
namespace {

PostgresOptions options_of(const std::string& conninfo) {
  PostgresOptions options;
  options.conninfo = conninfo;
  options.application_name = "quota_contract_test";
  return options;
}

Connection open(const std::string& conninfo) {
  Result<Connection> connection = Connection::open(options_of(conninfo), soon());
  if (!connection) throw std::runtime_error(connection.error().text());
  return *std::move(connection);
}

void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().text());
}

}  // namespace

const char* const kTestCatalog = R"(
[[tenant]]
id = "acme"
name = "Acme"
[[meter]]
tenant = "acme"
id = "requests"
aggregate = "count"
[[meter]]
tenant = "acme"
id = "tokens"
aggregate = "sum"
quantity = "tokens"
)";

std::string test_postgres() {
  const char* conninfo = std::getenv("WEIR_TEST_POSTGRES");
  if (conninfo == nullptr || *conninfo == '\0') {
    throw std::runtime_error(
        "WEIR_TEST_POSTGRES is not set: this test needs a real PostgreSQL, as a libpq string of a "
        "superuser (\"host=127.0.0.1 port=5432 user=postgres dbname=postgres\"); ./weir test sets "
        "it");
  }
  return conninfo;
}

QuotaDatabase::QuotaDatabase() : name_("quota_" + random_hex(6)) {
  Connection admin = open(test_postgres());
  must(
      admin.script("DO $$ BEGIN CREATE ROLE weir_billing LOGIN; "
                   "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
                   soon()));
  must(admin.script("CREATE DATABASE " + name_, soon()));
  conninfo_ = test_postgres() + " dbname=" + name_;
  Connection connection = open(conninfo_);
  Result<std::vector<std::string>> done = migrate(connection, "quota", quota_migrations(), soon());
  if (!done) throw std::runtime_error(done.error().text());
  must(connection.script(
      "INSERT INTO quota.deployment (deployment_id, topic, bucket_us, permitted_future_us, "
      "delivery_timeout_us, grace_us, partitioner, created_at_us) "
      "VALUES ('d', 'weir.requests', 900000000, 300000000, 300000000, 600000000, 'murmur2', 1)",
      soon()));
}

QuotaDatabase::~QuotaDatabase() {
  Result<Connection> admin = Connection::open(options_of(test_postgres()), soon());
  if (admin) (void)admin->script("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)", soon());
}

PostgresOptions QuotaDatabase::options() const { return options_of(conninfo_); }
Connection QuotaDatabase::connect() const { return open(conninfo_); }

std::string QuotaDatabase::ask(const std::string& sql) const {
  Result<Rows> rows = connect().run(sql, soon());
  if (!rows) throw std::runtime_error(rows.error().text());
  return rows->empty() ? "" : std::string(rows->text(0, 0));
}

void QuotaDatabase::tell(const std::string& sql) const { must(connect().script(sql, soon())); }

void QuotaDatabase::apply_catalog(const std::string& toml) const {
  CatalogRead read = read_catalog(toml, "test.toml");
  if (!read.faults.empty()) throw std::runtime_error(format_faults(read.faults));
  Result<Rows> rows = connect().run(
      "INSERT INTO quota.catalog SELECT coalesce(max(version), 0) + 1, $1, $2, 1, 'test' "
      "FROM quota.catalog",
      Params().text(read.catalog.digest()).text(read.catalog.canonical_json()), soon());
  if (!rows) throw std::runtime_error(rows.error().text());
}

bool QuotaDatabase::eventually(const std::string& sql) const {
  Connection connection = connect();
  const Deadline deadline = Deadline::in(std::chrono::seconds(10));
  while (!deadline.passed()) {
    Result<Rows> rows = connection.run(sql, soon());
    if (!rows) throw std::runtime_error(rows.error().text());
    if (!rows->empty() && rows->text(0, 0) == "t") return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace weir
