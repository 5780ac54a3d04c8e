// Clients: make requests until midnight; some send what was accepted again, some of those with a new
// time, some tell of what happened hours ago.
#include "tests/simulation/world.h"

#include <algorithm>
#include <array>

namespace weir::simulation {
namespace {

struct Account {
  const char* tenant;
  const char* subscription;
};
constexpr std::array<Account, 4> kAccounts = {
    {{"acme", "s-1"}, {"acme", "s-2"}, {"acme", "s-3"}, {"bolt", "s-4"}}};

constexpr int kTwinPercent = 10;
constexpr std::size_t kTwinAmong = 20;

/// Tenants number their requests without asking one another: (source, id) alone names nobody.
void take_name_of_another_tenant(World& world, TrueEvent& event) {
  auto& events = world.truth.events();
  for (std::size_t i = 0; i < std::min(kTwinAmong, events.size()); ++i) {
    TrueEvent& other = events[events.size() - 1 - i];
    if (other.tenant == event.tenant || other.twinned) continue;
    event.name = other.name;
    event.twinned = other.twinned = true;
    return;
  }
}

void send(World& world, TrueEvent& event, std::int64_t time_us) {
  const bool foreign = event.foreign && world.plan.foreign;
  event.poisoned = false;
  (foreign ? world.foreign_inbox : world.inbox).push_back({&event, time_us});
}

TrueEvent& make_request(World& world) {
  const std::int64_t now = world.engine.true_us();
  std::int64_t time = now - static_cast<std::int64_t>(world.random.below(2 * kMicrosPerSecond));
  if (world.striking(Fault::late_event) && world.random.chance(12)) {
    time = now - world.random.between(20, 180) * kMinuteUs;
    world.strike_now(Fault::late_event);
  }
  const Account& account = kAccounts[world.random.below(kAccounts.size())];
  TrueEvent& event =
      world.truth.make(account.tenant, account.subscription,
                       std::max(time, kBegin + kMicrosPerSecond), world.random.between(1, 400));
  event.foreign = world.plan.foreign && world.random.chance(30);
  if (world.random.chance(kTwinPercent)) take_name_of_another_tenant(world, event);
  send(world, event, event.times_us.front());
  return event;
}

void send_again(World& world, TrueEvent& event) {
  if (!event.accepted_us) return;
  if (world.striking(Fault::producer_retry) && world.random.chance(20)) {
    send(world, event, event.times_us.front());
    world.strike_now(Fault::producer_retry);
  }
  if (world.striking(Fault::restamped_retry) && world.random.chance(12)) {
    world.truth.restamped(event, world.engine.true_us());
    send(world, event, event.times_us.back());
    world.strike_now(Fault::restamped_retry);
  }
}

void live(World& world) {
  const std::int64_t between = (kLastEvent - kBegin) / world.plan.events;
  while (world.engine.true_us() < kLastEvent) {
    world.engine.sleep(Micros(world.random.between(0, 2 * between)));
    if (world.engine.true_us() >= kLastEvent) break;
    make_request(world);
    const auto made = static_cast<std::int64_t>(world.truth.events().size());
    const std::int64_t one = world.random.between(std::max<std::int64_t>(0, made - 10), made - 1);
    send_again(world, world.truth.events()[static_cast<std::size_t>(one)]);
  }
  world.engine.sleep_until(kTooLate + kHourUs);
}

}  // namespace

void spawn_clients(World& world) {
  spawn_lives(world, world.engine.process("clients"), [&world] { live(world); });
}

}  // namespace weir::simulation
