// One seed of the simulation: a small world of gateways, consumers, billing runs and an operator,
// which lives some virtual hours with faults, then some without, and is then asked whether everybody
// was billed what the reference bill says.
//
// The code under test is the production code; what it talks to is wrapped. A mutant or a rival
// replaces such a wrapped thing by WorldHooks: each hook is asked once for each life of a process
// and gives what that life talks to instead. Everything follows from the seed and the hooks.
// Threads: one seed a thread; another thread may run another seed.
#pragma once

#include "billing/bill_store.h"
#include "billing/charging.h"
#include "billing/close_store.h"
#include "billing/gate.h"
#include "billing/held.h"
#include "billing/providers/provider.h"
#include "billing/stream_eye.h"
#include "ingest/stream/consumer_loop.h"
#include "ingest/stream/sink.h"
#include "quota/operator/operator_store.h"
#include "quota/store.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/scheduler.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir {
class LogDisk;       // ingest/spool/log_disk.h
struct RebuildFrom;  // quota/rebuild/rebuild.h
}  // namespace weir

namespace weir::simulation {

/// Gives what stands between the code under test and `real`, which outlives it. Null: nothing does.
template <class Interface>
using Wrap = std::function<std::unique_ptr<Interface>(Interface& real, Scheduler& scheduler)>;

class World;

struct WorldHooks {
  // a consumer's
  Wrap<Store> store;
  Wrap<Handler> handler;
  Wrap<Source> source;
  // a billing run's
  Wrap<GateStore> gate_store;
  Wrap<CloseStore> closes;
  Wrap<BillStore> bills;
  Wrap<ChargeStore> charges;
  Wrap<HeldStore> held;
  Wrap<StreamEye> eye;
  Wrap<RecordSink> barrier_sink;
  Wrap<Provider> provider;
  Wrap<OperatorStore> operators;
  // a gateway's
  Wrap<RecordSink> gateway_sink;  // the stream as the production Producer sees it
  Wrap<LogDisk> gateway_disk;
  // any process's own clock
  Wrap<Clock> clock;
  /// Changes the deployment before anything is created from it (grace 0).
  std::function<void(Deployment&)> deployment;
  /// The consumers' options.
  std::function<void(LoopOptions&)> loop;
  /// What a rebuild is given.
  std::function<void(RebuildFrom&)> rebuild;
  /// These faults are drawn in every seed.
  std::set<Fault> favour;
  /// Before each billing run; set by rivals (rivals.h), and the oracle judges them mildly.
  std::function<void(World& world)> before_billing;
};

struct Outcome {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;  // empty: all that must hold holds
  std::int64_t closes = 0;
  std::int64_t invoices = 0;
  std::int64_t events = 0;  // accepted
  std::int64_t charged_minor = 0;
  std::int64_t charged_after_fault_minor = 0;
  std::array<std::int64_t, kFaults> drawn{};   // 1: the seed could strike so
  std::array<std::int64_t, kFaults> struck{};  // how often it had an effect
  std::int64_t steps = 0;
  std::int64_t virtual_us = 0;
  /// A first invoice of a period that lacked accepted events or billed others: what READY prevents,
  /// and what a rival is counted for. Each is a violation too.
  std::int64_t wrong_charges = 0;
  bool exact = true;  // nothing was left to an operator's word: the bill had to match to the unit
};

/// `trace`: prints a line for each thing that happens, on standard output.
Outcome run_seed(std::uint64_t seed, const WorldHooks& hooks = {}, bool trace = false);

}  // namespace weir::simulation
