// Quota's consumers: the production ConsumerLoop and QuotaHandler over the simulation's stream and
// database, one process each, with an identity index on a volume of its own.
#include "base/metrics.h"
#include "quota/handler.h"
#include "tests/simulation/database/memory_store.h"
#include "tests/simulation/world.h"

#include <filesystem>

namespace weir::simulation {
namespace {

/// Says what a commit came to.
class ToldHandler : public Handler {
 public:
  ToldHandler(World& world, Handler& real) : world_(world), real_(real) {}

  Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                           std::int32_t partition_count,
                                           Deadline deadline) override {
    return real_.load(partitions, partition_count, deadline);
  }
  Result<Committed> commit(const CommitBatch& batch, Deadline deadline) override {
    Result<Committed> outcome = real_.commit(batch, deadline);
    if (world_.engine.tracing()) trace(batch, outcome);
    return outcome;
  }
  Status report_break(PartitionId partition, const std::string& what, Deadline deadline) override {
    world_.trace("partition " + std::to_string(partition.value) + " is broken: " + what);
    return real_.report_break(partition, what, deadline);
  }
  Sections sections() const override { return real_.sections(); }

 private:
  void trace(const CommitBatch& batch, const Result<Committed>& outcome) {
    std::string text = !outcome                          ? "cannot commit"
                       : *outcome == Committed::conflict ? "is refused"
                                                         : "commits";
    for (const Range& range : batch.ranges) {
      text += " p" + std::to_string(range.partition.value) + "[" +
              std::to_string(range.from.value) + "," + std::to_string(range.to.value) + ")";
      const RangeCounts& counts = range.counts;
      if (counts.received == 0) continue;
      text += " " + std::to_string(counts.applied) + "+" + std::to_string(counts.duplicate) + "d+" +
              std::to_string(counts.quarantined) + "q+" + std::to_string(counts.unprovable) + "u";
    }
    if (!batch.gaps.empty()) text += ", gaps";
    if (!outcome) text += ": " + outcome.error().text();
    world_.trace(text);
  }

  World& world_;
  Handler& real_;
};

void live(World& world, World::ConsumerState& state) {
  const std::string folder = world.folder + "/" + state.process->name;
  if (state.volume_gone) {
    state.volume_gone = false;
    std::filesystem::remove_all(folder);
    world.strike_now(Fault::index_lost);
  }
  std::filesystem::create_directories(folder);
  LoopOptions options = loop_options(world, folder, "volume of " + state.process->name);

  MemoryStore memory(world.database, world.deployment.grace,
                     {options.identity.horizon, options.identity.restamp_window});
  Wrapped<Store> store(world.hooks.store, memory, world.engine);
  auto deployment = store->read_deployment(Deadline::in(std::chrono::seconds(10)));
  if (!deployment) {
    world.engine.sleep(Micros(10 * kMicrosPerSecond));
    return;
  }
  Metrics metrics;
  QuotaHandler quota(*store, *deployment, metrics);
  ToldHandler told(world, quota);
  Wrapped<Handler> handler(world.hooks.handler, told, world.engine);
  SimSource group(world.stream, *state.process);
  struct Member {
    World::ConsumerState& of;
    Member(World::ConsumerState& state_in, SimSource& source) : of(state_in) {
      of.source = &source;
    }
    ~Member() { of.source = nullptr; }
  } member(state, group);
  Wrapped<Source> source(world.hooks.source, group, world.engine);
  ProcessClock own_clock(world.engine, *state.process);
  Wrapped<Clock> clock(world.hooks.clock, own_clock, world.engine);
  ConsumerLoop loop(*source, *handler, identity_key(), options, *clock, metrics);
  for (;;) {
    const Status stepped = loop.step(std::chrono::seconds(60));
    if (stepped) continue;
    world.trace("stops: " + stepped.error().text());
    world.engine.sleep(Micros(2 * kMinuteUs));  // its supervisor starts it again
    return;
  }
}

}  // namespace

LoopOptions loop_options(World& world, const std::string& folder, const std::string& volume) {
  LoopOptions options;
  options.commit_rows_max = 12;
  options.commit_interval = std::chrono::seconds(5);
  options.observe_interval = std::chrono::minutes(5);
  options.permitted_future = world.deployment.permitted_future;
  options.identity.folder = folder;
  options.identity.volume_id = volume;
  options.identity.horizon = std::chrono::hours(24);
  options.identity.restamp_window = std::chrono::hours(6);
  options.identity.skew = std::chrono::minutes(5);
  options.identity.open_bytes_max = 64 << 10;
  options.identity.open_age_max = std::chrono::minutes(50);
  if (world.hooks.loop) world.hooks.loop(options);
  return options;
}

void spawn_consumer(World& world, int number) {
  World::ConsumerState& state = world.consumers.emplace_back();
  state.process = &world.engine.process("consumer-" + std::to_string(number + 1));
  spawn_lives(world, *state.process, [&world, &state] { live(world, state); });
}

}  // namespace weir::simulation
