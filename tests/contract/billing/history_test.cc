// Two sessions at once on the real PostgreSQL: what the order of R3 and R11 is for. Every wait is for
// a state that the database reports, never for time.
#include "billing/run_lock.h"
#include "tests/contract/billing/pass_through.h"
#include "tests/contract/billing/world.h"

#include <future>
#include <gtest/gtest.h>
#include <latch>
#include <mutex>

namespace weir {
namespace {

/// Somebody waits for a lock of this database.
constexpr const char* kSomebodyWaits =
    "select count(*) > 0 from pg_stat_activity where datname = current_database() "
    "and wait_event_type = 'Lock'";

/// Stops at the fence: after step 1, before step 2.
class StoppingClose : public PassThroughClose {
 public:
  StoppingClose(std::unique_ptr<CloseTransaction> real, std::latch& reached, std::latch& go_on)
      : PassThroughClose(std::move(real)), reached_(reached), go_on_(go_on) {}
  Result<std::vector<CutPartition>> fence_progress() override {
    reached_.count_down();
    go_on_.wait();
    return real_->fence_progress();
  }

 private:
  std::latch& reached_;
  std::latch& go_on_;
};

WrappedCloses stopping(CloseStore& real, std::latch& reached, std::latch& go_on) {
  return {real, [&](std::unique_ptr<CloseTransaction> tx) -> std::unique_ptr<CloseTransaction> {
            return std::make_unique<StoppingClose>(std::move(tx), reached, go_on);
          }};
}

/// The reply to its commit is lost; whether the commit arrived is the test's to say.
class LostReplyClose : public PassThroughClose {
 public:
  LostReplyClose(std::unique_ptr<CloseTransaction> real, bool arrives)
      : PassThroughClose(std::move(real)), arrives_(arrives) {}
  Status commit() override {
    if (arrives_) WEIR_TRY(real_->commit());
    real_.reset();
    return Error{ErrorCode::in_doubt, "the reply was lost", ""};
  }

 private:
  bool arrives_;
};

class History : public ::testing::Test {
 protected:
  void prove(std::int64_t t_us) {
    world_.set_clock(std::max(world_.clock(), t_us + 10 * kMinuteUs));
    ASSERT_TRUE(world_.gate().prove(t_us)->ready());
  }
  Connection session() {
    PostgresOptions options = world_.schemas().admin().options();
    return *Connection::open(options, soon());
  }
  std::int64_t snapshot_units() {
    return world_.count(
        "select coalesce(sum(usage_units + late_units), 0)::bigint "
        "from billing.snapshot");
  }
  World world_;
};

TEST_F(History, R11_a_slow_close_of_T1_and_a_close_of_T2_leave_T2_and_no_step_back) {
  prove(hour(1));
  prove(hour(2));
  std::latch reached(1), go_on(1);
  WrappedCloses slow = stopping(world_.closes(), reached, go_on);
  auto first =
      std::async(std::launch::async, [&] { return close_at(slow, world_.stream(), hour(1)); });
  reached.wait();  // T1 has moved the frontier, and stands still
  auto second = std::async(std::launch::async, [&] { return world_.close_only(hour(2)); });
  ASSERT_TRUE(world_.eventually(kSomebodyWaits));
  go_on.count_down();
  EXPECT_EQ(first.get()->kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(second.get().kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(world_.closed_until(), hour(2));
  EXPECT_EQ(world_.ask("select string_agg(t_us::text, ' ' order by id) from billing.close"),
            std::to_string(hour(1)) + " " + std::to_string(hour(2)));
}

TEST_F(History, two_closes_of_one_T_make_one_close) {
  prove(hour(1));
  std::latch reached(1), go_on(1);
  WrappedCloses slow = stopping(world_.closes(), reached, go_on);
  auto first =
      std::async(std::launch::async, [&] { return close_at(slow, world_.stream(), hour(1)); });
  reached.wait();
  auto second = std::async(std::launch::async, [&] { return world_.close_only(hour(1)); });
  ASSERT_TRUE(world_.eventually(kSomebodyWaits));
  go_on.count_down();
  const CloseOutcome closed = *first.get();
  const CloseOutcome other = second.get();
  EXPECT_EQ(closed.kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(other.kind, CloseOutcome::Kind::stands_already);
  EXPECT_EQ(other.head.digest, closed.head.digest);
  EXPECT_EQ(world_.count("select count(*) from billing.close"), 1);
}

TEST_F(History, a_lost_reply_to_the_commit_is_resolved_by_reading) {
  prove(hour(1));
  bool arrives = false;
  WrappedCloses lossy(
      world_.closes(),
      [&](std::unique_ptr<CloseTransaction> tx) -> std::unique_ptr<CloseTransaction> {
        return std::make_unique<LostReplyClose>(std::move(tx), arrives);
      });
  const auto lost = close_at(lossy, world_.stream(), hour(1));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::unavailable);
  EXPECT_EQ(world_.closed_until(), 0);
  arrives = true;
  const auto closed = close_at(lossy, world_.stream(), hour(1));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(closed->head.digest, world_.ask("select digest from billing.close"));
}

TEST_F(History, R11_usage_of_an_ingest_in_flight_is_inside_the_cut) {
  prove(hour(1));
  Connection ingest = session();
  ASSERT_TRUE(ingest.begin(soon()));
  ASSERT_TRUE(ingest.run(world_.step_1(0), soon()));  // R3 step 1, not committed
  auto close = std::async(std::launch::async, [&] { return world_.close_only(hour(1)); });
  ASSERT_TRUE(world_.eventually(kSomebodyWaits));  // at the fence, behind step 1
  ASSERT_TRUE(ingest.run(world_.steps_2_to_5("sub-1", hour(0, 30), 40, "requests"), soon()));
  ASSERT_TRUE(ingest.commit(soon()));
  EXPECT_EQ(close.get().kind, CloseOutcome::Kind::closed);
  EXPECT_EQ(snapshot_units(), 40);
  EXPECT_EQ(world_.ask("select n = 2 and e = 1 from billing.close_partition where partition = 0"),
            "t");
}

TEST_F(History, R3_an_ingest_that_waits_for_the_close_finds_the_bucket_frozen) {
  prove(hour(1));
  // Another close's fence, held open by a session of the test.
  Connection fence = session();
  ASSERT_TRUE(fence.begin(soon()));
  ASSERT_TRUE(
      fence.run("select quota.v1_advance_closed_until(" + std::to_string(hour(1)) + ")", soon()));
  ASSERT_TRUE(fence.run("select * from quota.v1_fence_progress()", soon()));
  const std::string step_1 = world_.step_1(0);
  auto ingest = std::async(std::launch::async, [&, step_1]() -> Status {
    Connection connection = session();
    WEIR_TRY(connection.begin(soon()));
    WEIR_TRY(connection.run(step_1, soon()));
    WEIR_TRY(connection.run(world_.steps_2_to_5("sub-1", hour(0, 30), 40, "requests"), soon()));
    return connection.commit(soon());
  });
  ASSERT_TRUE(world_.eventually(kSomebodyWaits));
  ASSERT_TRUE(fence.commit(soon()));
  ASSERT_TRUE(ingest.get());
  EXPECT_EQ(world_.count("select count(*) from quota.usage"), 0);
  EXPECT_EQ(world_.count("select sum(units)::bigint from quota.adjustment"), 40);
}

TEST_F(History, a_catalogue_is_not_applied_in_the_middle_of_a_close) {
  Connection close = session();
  ASSERT_TRUE(close.begin(soon()));
  ASSERT_TRUE(close.run("select one from billing.gate for update", soon()));
  auto apply = std::async(std::launch::async, [&] {
    std::string cheaper = kHourlyCatalog;
    cheaper.replace(cheaper.find("base_fee = \"5\""), 14, "base_fee = \"4\"");
    world_.apply_catalog(cheaper);
  });
  ASSERT_TRUE(world_.eventually(kSomebodyWaits));
  EXPECT_EQ(world_.count("select count(*) from billing.catalog"), 1);
  ASSERT_TRUE(close.commit(soon()));
  apply.get();
  EXPECT_EQ(world_.count("select count(*) from billing.catalog"), 2);
}

TEST_F(History, of_two_runs_at_once_one_does_the_work_and_the_other_says_who) {
  PostgresOptions options = world_.schemas().admin().options();
  options.application_name = "weir-billing run";
  auto first = RunLock::take(options, soon());
  ASSERT_TRUE(first);
  const auto second = RunLock::take(options, soon());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().what.find("weir-billing run process"), std::string::npos)
      << second.error().what;
  { const auto gone = std::move(first); }
  // The server notices the end of a connection in its own time.
  ASSERT_TRUE(
      world_.eventually("select count(*) = 0 from pg_locks where locktype = 'advisory' "
                        "and database = (select oid from pg_database "
                        "where datname = current_database())"));
  EXPECT_TRUE(RunLock::take(options, soon()));
}

/// One provider for two runs; it is idempotent by key, as a provider must be.
class SharedProvider : public Provider {
 public:
  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline deadline) override {
    const std::lock_guard lock(mutex_);
    return provider.charge(order, deadline);
  }
  Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline deadline) override {
    const std::lock_guard lock(mutex_);
    return provider.find(key, deadline);
  }
  MemoryProvider provider;

 private:
  std::mutex mutex_;
};

TEST_F(History, two_whole_runs_at_once_without_the_lock_still_charge_once) {
  world_.event("sub-1", hour(0, 30), 100);
  prove(hour(1));
  SharedProvider provider;
  auto run = [&] {
    PostgresGateStore store(world_.schemas().billing());
    Gate gate(store, world_.stream(), world_.stream(), GateOptions{}, [](Micros) {});
    CycleParts parts{gate,          world_.closes(), world_.bills(), world_.charges(),
                     world_.held(), world_.stream(), provider,       {}};
    return run_cycle(parts).ok();
  };
  auto first = std::async(std::launch::async, run);
  EXPECT_TRUE(run());
  EXPECT_TRUE(first.get());
  EXPECT_EQ(provider.provider.taken(), 2);  // ann and bob, once each
  EXPECT_EQ(world_.count("select count(*) from billing.invoice"), 2);
  EXPECT_EQ(world_.count("select count(*) from billing.ledger_entry where kind = 'payment'"), 2);
}

}  // namespace
}  // namespace weir
