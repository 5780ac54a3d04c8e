// A deployment of its own for one test: both schemas on the real PostgreSQL of WEIR_TEST_POSTGRES, a
// stream in memory, a database clock that the test sets, and a consumer that is one SQL transaction in
// the order of R3.
//
// Hours of 2024-03-01 are the unit of time: hour(2) is 02:00 UTC. Bucket 15 min, G 10 min. Billing
// connects with the rights of role weir_billing and no more.
#pragma once

#include "billing/cycle.h"
#include "billing/postgres_bill_store.h"
#include "billing/postgres_charge_store.h"
#include "billing/postgres_close_store.h"
#include "billing/postgres_gate_store.h"
#include "billing/postgres_held_store.h"
#include "billing/providers/memory_provider.h"
#include "storage/postgres/database.h"
#include "tests/contract/billing/fake_stream.h"

#include <memory>
#include <string>
#include <vector>

namespace weir {

constexpr std::int64_t kMinuteUs = 60 * kMicrosPerSecond;
constexpr std::int64_t kHourUs = 60 * kMinuteUs;
/// h:m of 2024-03-01, UTC.
constexpr std::int64_t hour(std::int64_t h, std::int64_t m = 0) {
  return 1'709'251'200 * kMicrosPerSecond + h * kHourUs + m * kMinuteUs;
}
inline Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

/// Plan `hourly` (EUR, 5.00 an hour, requests: 10 included, then 0.10 up to 20 units, then 0.03;
/// tokens 0.001) and its subscriptions since 00:00: sub-1 and sub-2 of ann, sub-3 of bob.
extern const char* const kHourlyCatalog;

/// A database with both schemas, made new and dropped at the end.
class BothSchemas {
 public:
  BothSchemas();
  ~BothSchemas();
  BothSchemas(const BothSchemas&) = delete;
  BothSchemas& operator=(const BothSchemas&) = delete;
  Database& admin() { return *admin_; }      // a superuser
  Database& billing() { return *billing_; }  // weir_billing's rights and no more
  PostgresOptions billing_options() const;

 private:
  std::string name_;
  std::unique_ptr<Database> admin_;
  std::unique_ptr<Database> billing_;
};

class World {
 public:
  explicit World(std::int32_t partitions = 2);

  // Rights of a superuser.
  std::string ask(const std::string& sql);
  std::int64_t count(const std::string& sql);
  void tell(const std::string& sql);
  bool eventually(const std::string& sql);
  /// The same with weir_billing's rights alone.
  Status try_as_billing(const std::string& sql);

  void set_clock(std::int64_t now_us);
  std::int64_t clock() const { return clock_us_; }
  /// In both schemas.
  void apply_catalog(const std::string& toml);

  /// One event through the stream and R3: usage, or an adjustment where its time is frozen.
  void event(const std::string& subscription, std::int64_t time_us, std::int64_t units = 1,
             const std::string& meter = "requests", std::int32_t partition = 0);
  /// The statements of R3 by which `event` applies it: for histories with two sessions.
  std::string step_1(std::int32_t partition);
  std::string steps_2_to_5(const std::string& subscription, std::int64_t time_us,
                           std::int64_t units, const std::string& meter);
  /// The consumer has applied everything that is in the stream.
  void catch_up();
  /// While false, waiting for a barrier does not make the consumer catch up.
  void consume(bool on) { consuming_ = on; }

  // A producer's word, as quota stores it once a consumer has applied it.
  void register_producer(const std::string& producer);
  /// Sealed up to T + G and a little more.
  void seal(const std::string& producer, std::int64_t t_us,
            const std::vector<EpochNumbers>& numbers);
  void end(const std::string& producer, const std::string& by,
           const std::vector<EpochNumbers>& numbers);
  void apply_number(const std::string& producer, std::int64_t epoch, std::int32_t partition,
                    std::int64_t highest);
  void open_hole(const std::string& producer, std::int64_t epoch, std::int32_t partition,
                 std::int64_t from, std::int64_t to);
  /// Done once, while the gate waits.
  void seal_while_waiting(std::function<void()> what) { while_waiting_ = std::move(what); }

  BothSchemas& schemas() { return schemas_; }
  Gate& gate() { return gate_; }
  FakeStream& stream() { return stream_; }
  MemoryProvider& provider() { return provider_; }
  CycleParts parts();

  /// Barrier, wait, close. The test fails when it is not ready.
  CloseOutcome close(std::int64_t t_us);
  CloseOutcome close_only(std::int64_t t_us);
  /// A whole run with the clock at G behind T: the run closes at T.
  CycleReport run_at(std::int64_t t_us);

  /// "ann 2 12.34" for each invoice line sum: customer, number of lines, total; sorted by number.
  std::vector<std::string> invoices();
  std::int64_t closed_until();

  PostgresCloseStore& closes() { return closes_; }
  PostgresBillStore& bills() { return bills_; }
  PostgresChargeStore& charges() { return charges_; }
  PostgresHeldStore& held() { return held_; }

 private:
  BothSchemas schemas_;
  std::int64_t clock_us_ = hour(0);
  bool consuming_ = true;
  std::function<void()> while_waiting_;
  FakeStream stream_;
  MemoryProvider provider_;
  PostgresGateStore gate_store_{schemas_.billing()};
  PostgresCloseStore closes_{schemas_.billing()};
  PostgresBillStore bills_{schemas_.billing()};
  PostgresChargeStore charges_{schemas_.billing()};
  PostgresHeldStore held_{schemas_.billing()};
  Gate gate_;
};

}  // namespace weir
