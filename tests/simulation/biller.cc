// Billing runs, as cron starts them: the production run_cycle over the simulation's stores, about at
// every edge of a bucket; with racing closes two machines have the same cron table.
#include "billing/cycle.h"
#include "tests/simulation/database/memory_bill_store.h"
#include "tests/simulation/database/memory_charge_store.h"
#include "tests/simulation/database/memory_close_store.h"
#include "tests/simulation/database/memory_gate_store.h"
#include "tests/simulation/database/memory_held_store.h"
#include "tests/simulation/sim_provider.h"
#include "tests/simulation/world.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr int kLossPercent = 30;  // of the calls to the provider, where the seed has the fault

void trace(World& world, const Result<CycleReport>& report) {
  if (!world.engine.tracing()) return;
  if (!report) return world.trace("billing run fails: " + report.error().text());
  for (const CloseHead& close : report->closed) {
    world.trace("closes " + format_rfc3339(close.t_us));
  }
  for (const Reason& reason : report->reasons) {
    world.trace("holds " + format_rfc3339(report->t_us) + ": " + reason.code + ": " +
                reason.detail);
  }
  if (report->invoices > 0) {
    world.trace(std::to_string(report->invoices) + " invoices, " +
                std::to_string(report->charges.succeeded) + " charges");
  }
  for (const std::string& problem : report->charges.problems) world.trace(problem);
}

/// One run of the process.
void run_once(World& world) {
  MemoryGateStore gate_rows(world.database);
  MemoryCloseStore close_rows(world.database);
  MemoryBillStore bill_rows(world.database);
  MemoryChargeStore charge_rows(world.database);
  MemoryHeldStore held_rows(world.database);
  SimEye look(world.stream);
  SimSink network(world.stream);
  SimProvider away(world);
  Engine& engine = world.engine;
  Wrapped<GateStore> gate_store(world.hooks.gate_store, gate_rows, engine);
  Wrapped<CloseStore> closes(world.hooks.closes, close_rows, engine);
  Wrapped<BillStore> bills(world.hooks.bills, bill_rows, engine);
  Wrapped<ChargeStore> charges(world.hooks.charges, charge_rows, engine);
  Wrapped<HeldStore> held(world.hooks.held, held_rows, engine);
  Wrapped<StreamEye> eye(world.hooks.eye, look, engine);
  Wrapped<RecordSink> sink(world.hooks.barrier_sink, network, engine);
  Wrapped<Provider> provider(world.hooks.provider, away, engine);

  GateOptions options;
  options.wait = std::chrono::seconds(90);
  options.poll_interval = std::chrono::seconds(6);
  Gate gate(*gate_store, *eye, *sink, options, [&engine](Micros time) { engine.sleep(time); });
  CycleParts parts{gate, *closes, *bills, *charges, *held, *eye, *provider, {}};
  if (world.hooks.before_billing) world.hooks.before_billing(world);
  struct Running {
    int& runs;
    explicit Running(int& of) : runs(of) { ++runs; }
    ~Running() { --runs; }
  } running(world.billing_runs);
  if (world.billing_runs > 1) world.strike_now(Fault::racing_closes);
  const Result<CycleReport> report = run_cycle(parts);
  trace(world, report);
}

/// About at every edge, some minutes after it; a run that died is started again soon.
void live(World& world) {
  const std::int64_t bucket = world.deployment.bucket.count();
  for (;;) {
    const std::int64_t now = world.engine.true_us();
    const std::int64_t every = world.calm() ? bucket : bucket * world.random.between(1, 2);
    const std::int64_t edge = now - now % bucket + every;
    const std::int64_t delay = world.plan.has(Fault::racing_closes)
                                   ? world.random.between(0, 3) * kMicrosPerSecond / 4
                                   : world.random.between(0, 300) * kMicrosPerSecond;
    world.engine.sleep_until(edge + delay);
    run_once(world);
  }
}

}  // namespace

Result<ChargeReceipt> SimProvider::charge(const ChargeOrder& order, Deadline deadline) {
  Engine& engine = world_.engine;
  engine.step("provider.charge");
  const bool bad = !world_.calm() && world_.random.chance(kLossPercent);
  if (bad && world_.plan.has(Fault::provider_timeout)) {
    world_.strike_now(Fault::provider_timeout);
    engine.sleep(Micros(30 * kMicrosPerSecond));
    return Error{ErrorCode::unavailable, "provider: timed out", ""};
  }
  const bool quiet = !world_.anything_struck();
  Result<ChargeReceipt> receipt = world_.provider.charge(order, deadline);
  if (quiet) world_.charged_minor_before_fault = world_.provider.taken_minor();
  world_.trace("provider takes " + format_money(order.amount) + " for " + order.invoice);
  if (bad && world_.plan.has(Fault::provider_double_reply)) {
    world_.strike_now(Fault::provider_double_reply);
    receipt = world_.provider.charge(order, deadline);
  }
  engine.step("provider.charge.reply");
  if (bad && world_.plan.has(Fault::provider_reply_lost)) {
    world_.strike_now(Fault::provider_reply_lost);
    return Error{ErrorCode::in_doubt, "provider: the reply was lost", ""};
  }
  return receipt;
}

Result<std::optional<ChargeReceipt>> SimProvider::find(const std::string& key, Deadline deadline) {
  world_.engine.step("provider.find");
  return world_.provider.find(key, deadline);
}

void spawn_biller(World& world, int number) {
  Process& process = world.engine.process("billing-" + std::to_string(number + 1));
  world.billers.push_back(&process);
  spawn_lives(world, process, [&world, &process] { live(world); });
}

}  // namespace weir::simulation
