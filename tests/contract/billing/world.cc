#include "tests/contract/billing/world.h"

#include "base/digest.h"
#include "billing/catalog_store.h"
#include "billing/migrations.h"
#include "quota/migrations.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>

namespace weir {
namespace {

std::string test_server() {
  const char* conninfo = std::getenv("WEIR_TEST_POSTGRES");
  if (conninfo == nullptr || *conninfo == '\0') {
    throw std::runtime_error(
        "WEIR_TEST_POSTGRES is not set: this test needs a real PostgreSQL, as a libpq string of a "
        "superuser; ./weir test sets it");
  }
  return conninfo;
}

PostgresOptions options_of(const std::string& conninfo) {
  PostgresOptions options;
  options.conninfo = conninfo;
  options.application_name = "billing_contract_test";
  return options;
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return *std::move(result);
}
void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().text());
}

std::string make_database() {
  const std::string name = "billing_" + random_hex(6);
  Connection admin = must(Connection::open(options_of(test_server()), soon()));
  must(
      admin.script("do $$ begin create role weir_billing login; "
                   "exception when duplicate_object or unique_violation then null; end $$",
                   soon()));
  must(admin.script("create database " + name, soon()));
  must(admin.script("grant create on database " + name + " to weir_billing", soon()));
  return name;
}

/// Waiting costs the test no time, so that a wait which nothing ends is short.
GateOptions short_wait() {
  GateOptions options;
  options.wait = std::chrono::seconds(1);
  return options;
}

// The database's clock is what the test says: the contract's function, replaced.
constexpr const char* kClock =
    "create table quota.test_clock (now_us bigint); insert into quota.test_clock values (0);"
    "create or replace function quota.v1_clock_us() returns bigint language sql volatile "
    "security definer set search_path = quota, pg_temp as $$ select now_us from test_clock $$;";

}  // namespace

const char* const kHourlyCatalog = R"(
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
[[plan]]
tenant = "acme"
id = "hourly"
currency = "EUR"
period = "hour"
time_zone = "UTC"
base_fee = "5"
[[plan.price]]
meter = "requests"
included = 10
tiers = [{ up_to = 20, per_unit = "0.10" }, { per_unit = "0.03" }]
[[plan.price]]
meter = "tokens"
per_unit = "0.001"
[[customer]]
tenant = "acme"
id = "ann"
name = "Ann"
[[customer]]
tenant = "acme"
id = "bob"
name = "Bob"
[[subscription]]
tenant = "acme"
id = "sub-1"
customer = "ann"
plan = "hourly"
from = 2024-03-01T00:00:00Z
[[subscription]]
tenant = "acme"
id = "sub-2"
customer = "ann"
plan = "hourly"
from = 2024-03-01T00:00:00Z
[[subscription]]
tenant = "acme"
id = "sub-3"
customer = "bob"
plan = "hourly"
from = 2024-03-01T00:00:00Z
)";

BothSchemas::BothSchemas()
    : name_(make_database()),
      admin_(std::make_unique<Database>(options_of(test_server() + " dbname=" + name_))),
      billing_(std::make_unique<Database>(billing_options())) {
  auto admin = must(admin_->acquire(soon()));
  (void)must(migrate(*admin, "quota", quota_migrations(), soon()));
  must(admin->script(kClock, soon()));
  must(admin->script(
      "insert into quota.deployment (deployment_id, topic, bucket_us, permitted_future_us, "
      "delivery_timeout_us, grace_us, partitioner, created_at_us) "
      "values ('d', 'weir.requests', 900000000, 300000000, 300000000, 600000000, 'murmur2', 1)",
      soon()));
  auto billing = must(billing_->acquire(soon()));
  (void)must(migrate(*billing, "billing", billing_migrations(), soon()));
}

BothSchemas::~BothSchemas() {
  Result<Connection> server = Connection::open(options_of(test_server()), soon());
  if (server) (void)server->script("drop database if exists " + name_ + " with (force)", soon());
}

PostgresOptions BothSchemas::billing_options() const {
  return options_of(test_server() + " dbname=" + name_ + " options='-c role=weir_billing'");
}

World::World(std::int32_t partitions)
    : stream_(partitions, [this] { return clock_us_; }),
      gate_(gate_store_, stream_, stream_, short_wait(), [this](Micros) {
        if (consuming_) catch_up();
        if (auto what = std::exchange(while_waiting_, nullptr)) what();
      }) {
  tell("update quota.deployment set partitions = " + std::to_string(partitions));
  for (std::int32_t p = 0; p < partitions; ++p) {
    tell("insert into quota.progress (incarnation, partition, applied_at_us) values (1, " +
         std::to_string(p) + ", 0)");
  }
  set_clock(hour(0));
  apply_catalog(kHourlyCatalog);
}

std::string World::ask(const std::string& sql) {
  auto admin = must(schemas_.admin().acquire(soon()));
  const Rows rows = must(admin->run(sql, soon()));
  return rows.empty() ? "" : std::string(rows.text(0, 0));
}

std::int64_t World::count(const std::string& sql) {
  auto admin = must(schemas_.admin().acquire(soon()));
  return must(admin->run(sql, soon())).integer(0, 0);
}

void World::tell(const std::string& sql) {
  auto admin = must(schemas_.admin().acquire(soon()));
  must(admin->script(sql, soon()));
}

bool World::eventually(const std::string& sql) {
  const Deadline deadline = soon();
  while (!deadline.passed()) {
    if (ask(sql) == "t") return true;
    std::this_thread::yield();
  }
  return false;
}

Status World::try_as_billing(const std::string& sql) {
  auto billing = must(schemas_.billing().acquire(soon()));
  return billing->script(sql, soon());
}

void World::set_clock(std::int64_t now_us) {
  clock_us_ = now_us;
  tell("update quota.test_clock set now_us = " + std::to_string(now_us));
}

void World::apply_catalog(const std::string& toml) {
  const CatalogRead read = read_catalog(toml, "test.toml");
  if (!read.faults.empty()) throw std::runtime_error(format_faults(read.faults));
  {
    auto admin = must(schemas_.admin().acquire(soon()));
    (void)must(admin->run(
        "insert into quota.catalog select coalesce(max(version), 0) + 1, $1, $2, 1, 'test' "
        "from quota.catalog",
        Params().text(read.catalog.digest()).text(read.catalog.canonical_json()), soon()));
  }
  auto billing = must(schemas_.billing().acquire(soon()));
  const auto applied = must(apply_billing_catalog(*billing, read.catalog, "test", soon()));
  if (!applied.faults.empty()) throw std::runtime_error(format_faults(applied.faults));
}

void World::register_producer(const std::string& producer) {
  tell("insert into quota.producer (producer, accepted_when, registered_at_us, epoch) values ('" +
       producer + "', 'spool', " + std::to_string(clock_us_) + ", 1)");
}

void World::seal(const std::string& producer, std::int64_t t_us,
                 const std::vector<EpochNumbers>& numbers) {
  const std::string until = std::to_string(t_us + 10 * kMinuteUs + 1);
  tell("insert into quota.seal (producer, edge_us, until_us, append_us, numbers) values ('" +
       producer + "', " + std::to_string(t_us) + ", " + until + ", " + until + ", '" +
       write_numbers(numbers) + "'); update quota.producer set sealed_until_us = " + until +
       ", sealed_append_us = " + until + " where producer = '" + producer + "'");
}

void World::end(const std::string& producer, const std::string& by,
                const std::vector<EpochNumbers>& numbers) {
  tell("update quota.producer set ended_by = '" + by + "', ended_at_us = 1, end_numbers = '" +
       write_numbers(numbers) + "' where producer = '" + producer + "'");
}

void World::apply_number(const std::string& producer, std::int64_t epoch, std::int32_t partition,
                         std::int64_t highest) {
  tell("insert into quota.producer_number values ('" + producer + "', " + std::to_string(epoch) +
       ", " + std::to_string(partition) + ", " + std::to_string(highest) +
       ") on conflict (producer, epoch, partition) do update set highest = excluded.highest");
}

void World::open_hole(const std::string& producer, std::int64_t epoch, std::int32_t partition,
                      std::int64_t from, std::int64_t to) {
  tell(
      "insert into quota.hole (incarnation, partition, producer, epoch, from_number, to_number, "
      "opened_at_us) values (1, " +
      std::to_string(partition) + ", '" + producer + "', " + std::to_string(epoch) + ", " +
      std::to_string(from) + ", " + std::to_string(to) + ", 1)");
}

std::string World::step_1(std::int32_t partition) {
  const std::int64_t offset = stream_.add(partition);
  return "update quota.progress set next = " + std::to_string(offset + 1) +
         ", anchor_offset = " + std::to_string(offset) + ", anchor_digest = '" +
         FakeStream::digest(partition, offset) + "', applied_at_us = " + std::to_string(clock_us_) +
         " where partition = " + std::to_string(partition);
}

std::string World::steps_2_to_5(const std::string& subscription, std::int64_t time_us,
                                std::int64_t units, const std::string& meter) {
  const std::string bucket = std::to_string(time_us - time_us % (15 * kMinuteUs));
  const std::string frozen = "(select closed_until_us from quota.frozen)";
  const std::string row = "'acme', '" + subscription + "', '" + meter + "', " + bucket;
  return "with at as materialized (select closed_until_us as t from quota.frozen), "
         "usage as (insert into quota.usage (tenant, subscription, meter, bucket_us, units, "
         "incarnation) select " +
         row + ", " + std::to_string(units) + ", 1 from at where " + bucket +
         " >= t on conflict (tenant, subscription, meter, "
         "bucket_us, incarnation) do update set units = usage.units + excluded.units) "
         "insert into quota.adjustment (tenant, subscription, meter, bucket_us, units, "
         "incarnation, applied_at_us) select " +
         row + ", " + std::to_string(units) + ", 1, " + std::to_string(clock_us_) +
         " from at where " + bucket + " < t";
}

void World::event(const std::string& subscription, std::int64_t time_us, std::int64_t units,
                  const std::string& meter, std::int32_t partition) {
  tell(step_1(partition) + "; " + steps_2_to_5(subscription, time_us, units, meter));
}

void World::catch_up() {
  for (std::int32_t p = 0; p < stream_.partitions(); ++p) {
    const std::int64_t end = stream_.end(p);
    if (end == 0) continue;
    tell("update quota.progress set next = " + std::to_string(end) +
         ", anchor_offset = " + std::to_string(end - 1) + ", anchor_digest = '" +
         FakeStream::digest(p, end - 1) + "', applied_at_us = " + std::to_string(clock_us_) +
         " where partition = " + std::to_string(p));
  }
}

CycleParts World::parts() {
  return {gate_, closes_, bills_, charges_, held_, stream_, provider_, {}};
}

CloseOutcome World::close_only(std::int64_t t_us) { return must(close_at(closes_, stream_, t_us)); }

CloseOutcome World::close(std::int64_t t_us) {
  set_clock(std::max(clock_us_, t_us + 10 * kMinuteUs));
  const Readiness readiness = must(gate_.prove(t_us));
  EXPECT_TRUE(readiness.ready()) << describe(readiness.reasons);
  CloseOutcome outcome = close_only(t_us);
  EXPECT_EQ(outcome.kind, CloseOutcome::Kind::closed) << describe(outcome.reasons);
  return outcome;
}

CycleReport World::run_at(std::int64_t t_us) {
  set_clock(t_us + 10 * kMinuteUs);
  CycleParts all = parts();
  return must(run_cycle(all));
}

std::vector<std::string> World::invoices() {
  auto admin = must(schemas_.admin().acquire(soon()));
  const Rows rows =
      must(admin->run("select i.customer || ' ' || count(l.*) || ' ' || i.total_minor "
                      "from billing.invoice i join billing.invoice_line l on l.invoice_id = i.id "
                      "group by i.id order by i.close_id, i.number",
                      soon()));
  std::vector<std::string> invoices;
  for (std::size_t i = 0; i < rows.size(); ++i) invoices.emplace_back(rows.text(i, 0));
  return invoices;
}

std::int64_t World::closed_until() { return count("select closed_until_us from quota.frozen"); }

}  // namespace weir
