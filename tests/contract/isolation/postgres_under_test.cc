#include "billing/catalog_store.h"
#include "quota/catalog_store.h"
#include "quota/operator/postgres_operator_store.h"
#include "quota/postgres_store.h"
#include "tests/contract/billing/world.h"
#include "tests/contract/isolation/ledger_under_test.h"

#include <stdexcept>

namespace weir {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return *std::move(result);
}

class PostgresUnderTest : public LedgerUnderTest {
 public:
  PostgresUnderTest() {
    tell("update quota.deployment set partitions = 2");
    const CatalogRead read = read_catalog(kHourlyCatalog, "test.toml");
    auto admin = must(schemas_.admin().acquire(in_time()));
    (void)must(apply_catalog(*admin, read.catalog, "test", in_time()));
    (void)must(weir::apply_billing_catalog(*admin, read.catalog, "test", in_time()));
    for (const int p : {0, 1}) {
      WEIR_CHECK(quota_.insert_progress(kFirst, PartitionId{p}, in_time()).ok());
    }
  }
  Store& quota() override { return quota_; }
  GateStore& gate() override { return gate_; }
  CloseStore& closes() override { return closes_; }
  BillStore& bills() override { return bills_; }
  ChargeStore& charges() override { return charges_; }
  HeldStore& held() override { return held_; }
  OperatorStore& operators() override { return operators_; }
  void set_clock(std::int64_t now_us) override {
    tell("update quota.test_clock set now_us = " + std::to_string(now_us));
  }
  Status apply_billing_catalog(const Catalog& catalog) override {
    auto lease = schemas_.billing().acquire(in_time());
    if (!lease) return lease.error();
    const auto applied = weir::apply_billing_catalog(**lease, catalog, "test", in_time());
    return applied ? Status() : Status(applied.error());
  }
  int sessions_waiting() override {
    auto admin = must(schemas_.admin().acquire(in_time()));
    return static_cast<int>(must(admin->run("select count(*) from pg_stat_activity where datname = "
                                            "current_database() and wait_event_type = 'Lock'",
                                            in_time()))
                                .integer(0, 0));
  }
  void end_connections() override {
    tell(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = "
        "current_database() and pid <> pg_backend_pid()");
  }

 private:
  void tell(const std::string& sql) {
    auto admin = must(schemas_.admin().acquire(in_time()));
    const Status done = admin->script(sql, in_time());
    if (!done) throw std::runtime_error(done.error().text());
  }

  BothSchemas schemas_;
  PostgresStore quota_{
      schemas_.admin(), std::chrono::minutes(10), {std::chrono::hours(24), std::chrono::hours(1)}};
  PostgresGateStore gate_{schemas_.billing()};
  PostgresCloseStore closes_{schemas_.billing()};
  PostgresBillStore bills_{schemas_.billing()};
  PostgresChargeStore charges_{schemas_.billing()};
  PostgresHeldStore held_{schemas_.billing()};
  PostgresOperatorStore operators_{schemas_.admin()};
};

}  // namespace

std::unique_ptr<LedgerUnderTest> postgres_under_test() {
  return std::make_unique<PostgresUnderTest>();
}

}  // namespace weir
