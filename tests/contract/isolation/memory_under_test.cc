#include "tests/contract/billing/world.h"
#include "tests/contract/isolation/ledger_under_test.h"
#include "tests/simulation/database/memory_bill_store.h"
#include "tests/simulation/database/memory_charge_store.h"
#include "tests/simulation/database/memory_close_store.h"
#include "tests/simulation/database/memory_gate_store.h"
#include "tests/simulation/database/memory_held_store.h"
#include "tests/simulation/database/memory_operator_store.h"
#include "tests/simulation/database/memory_store.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace weir {
namespace {

/// Real threads: one mutex, given up while a session waits.
class Threads : public simulation::Scheduler, public simulation::Exclusion {
 public:
  void lock() override { mutex_.lock(); }
  void unlock() override { mutex_.unlock(); }
  void changed() override { changed_.notify_all(); }
  void step(std::string_view) override {}
  bool wait(std::string_view, Micros patience, const std::function<bool()>& ready) override {
    ++waiting_;
    const bool came = changed_.wait_for(mutex_, patience, ready);
    --waiting_;
    return came;
  }
  std::int64_t true_us() const override { return system_clock().now().value; }
  std::uint64_t draw(std::uint64_t) override { return 0; }
  bool tracing() const override { return false; }
  void trace(std::string_view) override {}
  int waiting() const { return waiting_; }

 private:
  std::recursive_mutex mutex_;
  std::condition_variable_any changed_;
  std::atomic<int> waiting_{0};
};

Deployment deployment() {
  Deployment out;
  out.deployment_id = "d";
  out.topic = "weir.requests";
  out.partitions = 2;
  out.bucket = Micros(kBucketUs);
  out.permitted_future = out.delivery_timeout = std::chrono::minutes(5);
  out.grace = std::chrono::minutes(10);
  out.partitioner = "murmur2";
  return out;
}

class MemoryUnderTest : public LedgerUnderTest {
 public:
  MemoryUnderTest() : database_(threads_, [this] { return clock_us_.load(); }, {deployment()}) {
    database_.server().exclusion = &threads_;
    const CatalogRead read = read_catalog(kHourlyCatalog, "test.toml");
    WEIR_CHECK(database_.apply_quota_catalog(read.catalog).ok());
    WEIR_CHECK(database_.apply_billing_catalog(read.catalog).ok());
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
  void set_clock(std::int64_t now_us) override { clock_us_ = now_us; }
  Status apply_billing_catalog(const Catalog& catalog) override {
    return database_.apply_billing_catalog(catalog);
  }
  int sessions_waiting() override { return threads_.waiting(); }
  void end_connections() override {
    threads_.lock();
    database_.go_away();
    database_.come_back();
    threads_.unlock();
  }

 private:
  Threads threads_;
  std::atomic<std::int64_t> clock_us_{0};
  simulation::MemoryDatabase database_;
  simulation::MemoryStore quota_{
      database_, std::chrono::minutes(10), {std::chrono::hours(24), std::chrono::hours(1)}};
  simulation::MemoryGateStore gate_{database_};
  simulation::MemoryCloseStore closes_{database_};
  simulation::MemoryBillStore bills_{database_};
  simulation::MemoryChargeStore charges_{database_};
  simulation::MemoryHeldStore held_{database_};
  simulation::MemoryOperatorStore operators_{database_};
};

}  // namespace

std::unique_ptr<LedgerUnderTest> memory_under_test() { return std::make_unique<MemoryUnderTest>(); }

}  // namespace weir
