// The ledger of both schemas, real or in memory, as the suite sees it: the production interfaces, a
// clock that the test sets, and how many sessions wait for a lock.
//
// Bucket 15 min, G 10 min, two partitions with their progress rows, the hourly catalogue of
// tests/contract/billing/world.h in both schemas.
#pragma once

#include "billing/bill_store.h"
#include "billing/charging.h"
#include "billing/close_store.h"
#include "billing/gate_store.h"
#include "billing/held.h"
#include "catalog/catalog.h"
#include "quota/operator/operator_store.h"
#include "quota/store.h"

#include <memory>

namespace weir {

constexpr std::int64_t kBucketUs = 900 * kMicrosPerSecond;
constexpr Incarnation kFirst{1};
inline Deadline in_time() { return Deadline::in(std::chrono::seconds(20)); }

class LedgerUnderTest {
 public:
  virtual ~LedgerUnderTest() = default;
  virtual Store& quota() = 0;
  virtual GateStore& gate() = 0;
  virtual CloseStore& closes() = 0;
  virtual BillStore& bills() = 0;
  virtual ChargeStore& charges() = 0;
  virtual HeldStore& held() = 0;
  virtual OperatorStore& operators() = 0;
  /// quota.v1_clock_us(); what quota itself writes bears another clock, so no test compares it.
  virtual void set_clock(std::int64_t now_us) = 0;
  virtual Status apply_billing_catalog(const Catalog& catalog) = 0;
  virtual int sessions_waiting() = 0;
  /// Ends every open connection, as a restart of the server does.
  virtual void end_connections() = 0;
};

std::unique_ptr<LedgerUnderTest> postgres_under_test();
std::unique_ptr<LedgerUnderTest> memory_under_test();

}  // namespace weir
