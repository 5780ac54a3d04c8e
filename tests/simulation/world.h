// The world of one seed: its clocks, its stream, its database, its provider, and who lives in it.
//
// Each kind of actor has a file of its own (gateway.cc, consumer.cc, biller.cc, operator.cc,
// trouble.cc); this is what they share. Times are true virtual time unless a clock is named. The
// world begins at 20:00; events are made until midnight, faults strike until a quarter to one; then
// everything heals, and the seed ends when all is billed, or too late.
#pragma once

#include "billing/providers/memory_provider.h"
#include "ingest/event/identity.h"
#include "ingest/spool/memory_disk.h"
#include "tests/simulation/database/memory_database.h"
#include "tests/simulation/engine.h"
#include "tests/simulation/sim_stream.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/truth.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir {
class Producer;
}

namespace weir::simulation {

constexpr std::int64_t kMinuteUs = 60 * kMicrosPerSecond;
constexpr std::int64_t kHourUs = 60 * kMinuteUs;
/// h:m after 2024-03-01 00:00 UTC.
constexpr std::int64_t hour(std::int64_t h, std::int64_t m = 0) {
  return 1'709'251'200 * kMicrosPerSecond + h * kHourUs + m * kMinuteUs;
}
constexpr std::int64_t kBegin = hour(20);
constexpr std::int64_t kLastEvent = hour(23, 50);
constexpr std::int64_t kCalm = hour(24, 45);
constexpr std::int64_t kTooLate = hour(40);
/// Closed up to here, every period with events is billed.
constexpr std::int64_t kAllPeriodsEnd = hour(24);

/// The catalogue of every world: two tenants, five subscriptions, hours and days, tiers.
const Catalog& catalog_of_the_world();
const IdentityKey& identity_key();

/// What the seed decides before anything runs.
struct SeedPlan {
  std::int32_t partitions = 2;
  int gateways = 1, consumers = 1, billers = 1;
  bool foreign = false;
  int events = 0;
  std::set<Fault> faults;
  bool has(Fault fault) const { return faults.contains(fault); }
};
SeedPlan draw_plan(Random& random, const WorldHooks& hooks);

/// An event on its way to a collector, and the time that it bears.
struct Request {
  TrueEvent* event = nullptr;
  std::int64_t time_us = 0;
};

/// A close as it was first seen.
struct SeenClose {
  std::int64_t id = 0, t_us = 0;
  std::int64_t seen_us = 0;       // true time
  std::set<std::string> retired;  // producers that stood ended by an operator's word
};

class World {
 public:
  World(std::uint64_t seed, const WorldHooks& hooks, bool trace);
  ~World();

  void run();
  Outcome judge();

  const WorldHooks& hooks;
  Engine engine;
  Random& random;
  const SeedPlan plan;
  Struck struck{};
  Truth truth;
  Process &broker, &database_machine;
  SimStream stream;
  Deployment deployment;
  MemoryDatabase database;
  MemoryProvider provider;
  std::string folder;  // of the identity indexes

  // Who lives here; by number, and null while a process is dead.
  struct GatewayState {
    Process* process = nullptr;
    MemoryDisk disk;
    Producer* producer = nullptr;
    bool spool_gone = false;            // wipe the disk before the next life
    std::int64_t cut_off_until_us = 0;  // it accepts, and reaches no broker
  };
  struct ConsumerState {
    Process* process = nullptr;
    SimSource* source = nullptr;
    bool volume_gone = false;  // wipe the index before the next life
  };
  std::deque<GatewayState> gateways;
  std::deque<ConsumerState> consumers;
  std::vector<Process*> billers;
  int billing_runs = 0;  // at this moment
  Process* operator_process = nullptr;
  std::map<const Process*, std::int64_t> down_until_us;  // it is not started again before
  std::deque<Request> inbox, foreign_inbox;
  int in_hand = 0;  // gateways that have taken requests out of `inbox`, and not answered yet

  bool calm() const { return engine.true_us() >= kCalm; }
  bool striking(Fault fault) const { return plan.has(fault) && !calm(); }
  void strike_now(Fault fault) { strike(struck, fault); }
  void trace(const std::string& what) {
    if (engine.tracing()) engine.trace(what);
  }
  /// The greatest lead of any clock over true time, ever.
  std::int64_t clock_lead_us = 0;
  void set_skew(Process& process, std::int64_t skew_us);

  std::int64_t applied_next(std::int32_t partition) const;
  std::int64_t closed_until() const;
  /// Closes that are new, and decisions that were made before them, told to Truth.
  void note_commits();
  const std::vector<SeenClose>& closes() const { return closes_; }
  /// Of unprovable rows: was the event counted before? Noted when the row came.
  std::map<std::int64_t, bool> counted_before;
  bool anything_struck() const;
  std::int64_t charged_minor_before_fault = 0;  // taken until the first fault struck
  /// Nothing is left to bill, hold or charge.
  bool settled() const;
  std::string unsettled_because() const;

 private:
  void note_decisions();
  void note_unprovable();
  Reply reply_to(std::string_view where);

  std::vector<SeenClose> closes_;
  std::uint64_t noted_commits_ = 0;
  Incarnation noted_incarnation_{1};
  std::int64_t noted_audit_ = 0, noted_unprovable_ = 0;
};

/// A wrapped instance: what the hook makes of `real`, or `real` itself.
template <class Interface>
class Wrapped {
 public:
  Wrapped(const Wrap<Interface>& wrap, Interface& real, Scheduler& scheduler) : used_(&real) {
    if (!wrap) return;
    made_ = wrap(real, scheduler);
    used_ = made_.get();
  }
  Interface& operator*() { return *used_; }
  Interface* operator->() { return used_; }

 private:
  std::unique_ptr<Interface> made_;
  Interface* used_;
};

/// The rows of a request, as a collector makes them.
void add_row(RequestBatch& batch, const TrueEvent& event, std::int64_t time_us);
/// A consumer's, with the identity index in `folder`.
LoopOptions loop_options(World& world, const std::string& folder, const std::string& volume);
/// Lives of a process: `live` until it dies, a while of nothing, again.
void spawn_lives(World& world, Process& process, std::function<void()> live);

// The actors: each spawns its fibers.
void spawn_gateway(World& world, int number);
void spawn_foreign_producer(World& world);
void spawn_clients(World& world);
void spawn_consumer(World& world, int number);
void spawn_biller(World& world, int number);
void spawn_operator(World& world);
void spawn_trouble(World& world);

}  // namespace weir::simulation
