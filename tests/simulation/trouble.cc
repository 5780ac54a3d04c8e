// Trouble: what befalls the world, one fiber for each fault that the seed drew.
#include "ingest/producer/producer.h"
#include "tests/simulation/world.h"

#include <algorithm>

namespace weir::simulation {
namespace {

std::int64_t minutes(World& world, std::int64_t least, std::int64_t most) {
  return world.random.between(least, most) * kMinuteUs;
}

template <class States>
auto& any_of_them(World& world, States& states) {
  return states[world.random.below(states.size())];
}

/// Dies within some steps, or where it waits.
void crash(World& world, Process& process, Fault fault) {
  const int before = process.deaths;
  process.steps_to_live = world.random.between(1, 60);
  world.engine.sleep(Micros(kMinuteUs));
  if (process.deaths == before) world.engine.kill(process);
  world.engine.sleep(Micros(kMicrosPerSecond));
  if (process.deaths > before) world.strike_now(fault);
}

void crash_biller(World& world) {
  // Only while it runs: it sleeps most of the time.
  Process& process = *any_of_them(world, world.billers);
  const int before = process.deaths;
  process.steps_to_live = world.random.between(5, 160);
  world.engine.sleep(Micros(40 * kMinuteUs));
  process.steps_to_live = -1;
  if (process.deaths > before) world.strike_now(Fault::biller_crash);
}

/// Frozen while the group goes on without it; then it goes on where it stood.
void freeze(World& world) {
  World::ConsumerState& consumer = any_of_them(world, world.consumers);
  Process& process = *consumer.process;
  // In mid-flight: while it is doing something.
  const std::int64_t steps = world.random.between(0, 12);
  for (std::int64_t i = 0; i < steps; ++i) world.engine.step("trouble");
  process.frozen_until_us = world.engine.true_us() + minutes(world, 1, 40);
  world.trace(process.name + " is frozen");
  world.engine.sleep(Micros(30 * kMicrosPerSecond));
  if (consumer.source == nullptr) return;
  consumer.source->evict();
  world.strike_now(Fault::zombie_consumer);
}

void lose_retention(World& world) {
  for (std::int32_t p = 0; p < world.plan.partitions; ++p) {
    const LogBounds bounds = world.stream.log().bounds(PartitionId{p});
    const std::int64_t next = world.applied_next(p);
    if (next >= bounds.end.value) continue;
    // Behind what is applied, and into what is not.
    const std::int64_t start = world.random.between(next + 1, bounds.end.value);
    world.trace("retention takes partition " + std::to_string(p) + " below " +
                std::to_string(start));
    world.stream.retain_from(p, start);
    world.strike_now(Fault::retention_loss);
    return;
  }
}

void truncate(World& world) {
  const auto p = static_cast<std::int32_t>(
      world.random.below(static_cast<std::uint64_t>(world.plan.partitions)));
  const LogBounds bounds = world.stream.log().bounds(PartitionId{p});
  if (bounds.start == bounds.end) return;
  const std::int64_t least = std::max(bounds.start.value, bounds.end.value - 12);
  const std::int64_t end = world.random.between(least, bounds.end.value - 1);
  world.trace("partition " + std::to_string(p) + " is truncated to " + std::to_string(end));
  world.stream.truncate(p, end);
  world.stream.log().rebalance();  // a new leader
  world.stream.changed();
  world.strike_now(Fault::truncation);
}

void skew_clock(World& world, Fault fault) {
  std::vector<Process*> machines = {&world.database_machine, &world.broker};
  for (auto& gateway : world.gateways) machines.push_back(gateway.process);
  Process& machine = *any_of_them(world, machines);
  const std::int64_t skew = world.random.between(-260, 260) * kMicrosPerSecond;
  world.trace("the clock of " + machine.name + " is off by " +
              std::to_string(skew / kMicrosPerSecond) + " s");
  world.set_skew(machine, skew);
  world.strike_now(fault);
  if (fault != Fault::clock_step) return;
  world.engine.sleep(Micros(minutes(world, 5, 40)));
  world.set_skew(machine, 0);
}

/// An event of a producer that counts it as sent, though nobody can read it where it stands.
TrueEvent& make_poisoned(World& world, const char* tenant, const char* subscription) {
  TrueEvent& event = world.truth.make(tenant, subscription, world.engine.true_us(), 7);
  event.foreign = event.poisoned = true;
  event.accepted_us = world.engine.true_us();
  return event;
}

std::string json_of(const TrueEvent& event) {
  RequestBatch batch;
  add_row(batch, event, event.times_us.front());
  std::string json;
  Encoder(identity_key()).json(batch, 0, 1, json);
  return json;
}

/// One in another partition than its subscription's.
void misroute(World& world) {
  const TrueEvent& event = make_poisoned(world, "acme", "s-1");
  const PartitionId home = partition_of(event.subscription, world.plan.partitions);
  const PartitionId wrong{(home.value + 1) % world.plan.partitions};
  world.stream.put(wrong, kJson, json_of(event), event.subscription);
}

/// Several in one record that ends too early, of subscriptions with different partitions.
void break_several(World& world, PartitionId p) {
  std::string broken;
  for (const auto& [tenant, subscription] : {std::pair("acme", "s-1"), std::pair("acme", "s-2"),
                                             std::pair("acme", "s-3"), std::pair("bolt", "s-4")}) {
    if (world.random.chance(25)) continue;
    broken += (broken.empty() ? "[" : ",") + json_of(make_poisoned(world, tenant, subscription));
  }
  if (broken.empty()) return;
  world.stream.put(p, kJson, broken, "");
  for (TrueEvent* event : world.truth.in(broken)) event->copies.back().unreadable = true;
}

void poison(World& world) {
  const auto partitions = static_cast<std::uint64_t>(world.plan.partitions);
  const PartitionId p{static_cast<std::int32_t>(world.random.below(partitions))};
  if (p.value >= world.stream.log().partitions()) return;
  world.strike_now(Fault::poison);
  switch (world.random.below(5)) {
    case 0:
      world.stream.put(p, "application/json", "{\"id\": nothing that anybody could read", "");
      return;
    case 1:
      world.stream.put(p, "text/plain", "hello", "");
      return;
    case 2:
      return misroute(world);
    default:
      return break_several(world, p);
  }
}

void lose_spool(World& world, Fault fault) {
  World::GatewayState& gateway = any_of_them(world, world.gateways);
  const bool waiting = gateway.producer != nullptr && gateway.producer->standing().waiting() > 0;
  if (fault == Fault::spool_lost) {
    gateway.spool_gone = true;
  } else if (fault == Fault::power_failure) {
    gateway.disk.power_fail([&world](std::uint64_t n) { return world.random.below(n); });
  }
  world.trace(gateway.process->name + ": " +
              std::string(kFaultNames[static_cast<std::size_t>(fault)]));
  world.engine.kill(*gateway.process);
  if (fault == Fault::dead_collector) {
    world.down_until_us[gateway.process] = world.engine.true_us() + minutes(world, 30, 120);
    if (!waiting) return;
  }
  world.strike_now(fault);
}

/// Cut off first, so that accepted events wait in the spool.
void lose_collector(World& world, Fault fault) {
  World::GatewayState& gateway = any_of_them(world, world.gateways);
  gateway.cut_off_until_us = world.engine.true_us() + minutes(world, 10, 30);
  world.engine.sleep(Micros(minutes(world, 5, 10)));
  lose_spool(world, fault);
}

void befall(World& world, Fault fault) {
  SimStream& stream = world.stream;
  const std::int64_t now = world.engine.true_us();
  switch (fault) {
    case Fault::consumer_crash:
      return crash(world, *any_of_them(world, world.consumers).process, fault);
    case Fault::gateway_crash:
      return crash(world, *any_of_them(world, world.gateways).process, fault);
    case Fault::biller_crash:
      return crash_biller(world);
    case Fault::zombie_consumer:
      return freeze(world);
    case Fault::slow_partition:
      stream.slow = {static_cast<std::int32_t>(world.random.below(3))};
      stream.slow_until_us = now + minutes(world, 5, 40);
      world.engine.sleep_until(stream.slow_until_us);
      return stream.changed();
    case Fault::retention_loss:
      // A consumer that was away long enough.
      stream.slow = {0, 1, 2};
      stream.slow_until_us = now + minutes(world, 15, 40);
      world.engine.sleep_until(stream.slow_until_us - kMinuteUs);
      return lose_retention(world);
    case Fault::truncation:
      return truncate(world);
    case Fault::topic_recreated:
      world.trace("the topic is made anew");
      world.strike_now(fault);
      return stream.recreate();
    case Fault::partition_added:
      world.trace("a partition is added");
      world.strike_now(fault);
      return stream.add_partition();
    case Fault::clock_skew:
    case Fault::clock_step:
      return skew_clock(world, fault);
    case Fault::poison:
      return poison(world);
    case Fault::broker_unreachable:
      stream.away_until_us = now + minutes(world, 1, 25);
      world.trace("the broker goes away");
      return;
    case Fault::lying_watermark:
      stream.lie = world.random.between(-8, 3);
      stream.lies_until_us = now + minutes(world, 10, 60);
      return;
    case Fault::spool_lost:
    case Fault::dead_collector:
      return lose_collector(world, fault);
    case Fault::power_failure:
      // Of the rack, as often as not: its switch went first.
      return world.random.chance(50) ? lose_collector(world, fault) : lose_spool(world, fault);
    case Fault::index_lost: {
      World::ConsumerState& consumer = any_of_them(world, world.consumers);
      consumer.volume_gone = true;
      return world.engine.kill(*consumer.process);
    }
    default:
      return;
  }
}

/// Those that happen once or twice a seed; the others are percentages in what they concern.
bool happens(Fault fault) {
  switch (fault) {
    case Fault::commit_reply_lost:
    case Fault::duplicated_delivery:
    case Fault::reordered_delivery:
    case Fault::producer_retry:
    case Fault::restamped_retry:
    case Fault::late_event:
    case Fault::racing_closes:
    case Fault::provider_timeout:
    case Fault::provider_reply_lost:
    case Fault::provider_double_reply:
    case Fault::operator_bad_moment:
    case Fault::ledger_lost:
      return false;
    default:
      return true;
  }
}

void heal(World& world) {
  world.stream.lost_replies = world.stream.repeats = world.stream.late_landings = 0;
  world.stream.lies_until_us = 0;
  world.database_machine.skew_us = world.broker.skew_us = 0;
  for (auto& gateway : world.gateways) gateway.process->skew_us = 0;
  for (Process* process : world.billers) process->steps_to_live = -1;
  world.trace("all is calm");
}

}  // namespace

void spawn_trouble(World& world) {
  if (world.plan.has(Fault::duplicated_delivery)) {
    world.stream.lost_replies = 6;
    world.stream.repeats = 6;
  }
  if (world.plan.has(Fault::reordered_delivery)) world.stream.late_landings = 5;
  for (const Fault fault : world.plan.faults) {
    if (!happens(fault)) continue;
    Process& process = world.engine.process("trouble");
    spawn_lives(world, process, [&world, fault] {
      const std::int64_t times = world.random.between(1, 3);
      for (std::int64_t i = 0; i < times; ++i) {
        const std::int64_t left = kCalm - kHourUs - world.engine.true_us();
        if (left <= 0) break;
        world.engine.sleep(Micros(world.random.between(0, left)));
        befall(world, fault);
      }
      world.engine.sleep_until(kTooLate + kHourUs);
    });
  }
  spawn_lives(world, world.engine.process("trouble"), [&world] {
    world.engine.sleep_until(kCalm);
    heal(world);
    world.engine.sleep_until(kTooLate + kHourUs);
  });
}

}  // namespace weir::simulation
