#include "tests/simulation/world.h"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace weir::simulation {
namespace {

constexpr const char* kCatalog = R"(
[[tenant]]
id = "acme"
name = "Acme"
[[tenant]]
id = "bolt"
name = "Bolt"
[[meter]]
tenant = "acme"
id = "requests"
aggregate = "count"
[[meter]]
tenant = "acme"
id = "tokens"
aggregate = "sum"
quantity = "tokens"
[[meter]]
tenant = "bolt"
id = "requests"
aggregate = "count"
[[plan]]
tenant = "acme"
id = "hourly"
currency = "EUR"
period = "hour"
time_zone = "UTC"
base_fee = "1"
[[plan.price]]
meter = "requests"
included = 2
tiers = [{ up_to = 4, per_unit = "0.50" }, { per_unit = "0.20" }]
[[plan.price]]
meter = "tokens"
per_unit = "0.01"
[[plan]]
tenant = "acme"
id = "daily"
currency = "EUR"
period = "day"
time_zone = "UTC"
base_fee = "0"
[[plan.price]]
meter = "requests"
per_unit = "0.31"
[[plan]]
tenant = "bolt"
id = "hourly"
currency = "USD"
period = "hour"
time_zone = "UTC"
base_fee = "0"
[[plan.price]]
meter = "requests"
per_unit = "0.07"
[[customer]]
tenant = "acme"
id = "ann"
name = "Ann"
[[customer]]
tenant = "acme"
id = "bob"
name = "Bob"
[[customer]]
tenant = "bolt"
id = "cleo"
name = "Cleo"
[[subscription]]
tenant = "acme"
id = "s-1"
customer = "ann"
plan = "hourly"
from = 2024-03-01T20:00:00Z
[[subscription]]
tenant = "acme"
id = "s-2"
customer = "ann"
plan = "daily"
from = 2024-03-01T20:00:00Z
[[subscription]]
tenant = "acme"
id = "s-3"
customer = "bob"
plan = "hourly"
from = 2024-03-01T20:00:00Z
[[subscription]]
tenant = "bolt"
id = "s-4"
customer = "cleo"
plan = "hourly"
from = 2024-03-01T20:00:00Z
)";

/// How many of 100 seeds draw each fault, where it is not the usual share.
int share_of(Fault fault) {
  switch (fault) {
    case Fault::truncation:
    case Fault::topic_recreated:
    case Fault::partition_added:
    case Fault::retention_loss:
    case Fault::spool_lost:
    case Fault::index_lost:
      return 12;
    case Fault::ledger_lost:
      return 30;  // where the stream is whole
    default:
      return 22;
  }
}

/// Of the identity indexes: memory, where there is a volume of it.
std::string index_folder() {
  std::error_code none;
  const bool memory = std::filesystem::is_directory("/dev/shm", none);
  const auto base =
      memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
  const std::string name = "weir-simulation-" + std::to_string(::gettid());
  return (base / name).string();
}

Deployment deployment_of(const SeedPlan& plan, const WorldHooks& hooks) {
  Deployment deployment;
  deployment.deployment_id = "simulation";
  deployment.topic = "weir.requests";
  deployment.cluster_id = "cluster-1";
  deployment.partitions = plan.partitions;
  deployment.bucket = std::chrono::minutes(15);
  deployment.permitted_future = std::chrono::minutes(5);
  deployment.delivery_timeout = std::chrono::minutes(5);
  deployment.grace = std::chrono::minutes(10);
  deployment.partitioner = "murmur2";
  if (hooks.deployment) hooks.deployment(deployment);
  return deployment;
}

}  // namespace

const Catalog& catalog_of_the_world() {
  static const Catalog catalog = [] {
    CatalogRead read = read_catalog(kCatalog, "simulation.toml");
    WEIR_CHECK(read.faults.empty());
    return std::move(read.catalog);
  }();
  return catalog;
}

const IdentityKey& identity_key() {
  static const IdentityKey key = *IdentityKey::from_secret("the simulation's own secret");
  return key;
}

SeedPlan draw_plan(Random& random, const WorldHooks& hooks) {
  SeedPlan plan;
  plan.partitions = static_cast<std::int32_t>(random.between(2, 3));
  plan.gateways = static_cast<int>(random.between(1, 2));
  plan.consumers = static_cast<int>(random.between(1, 2));
  plan.billers = 1;
  plan.foreign = random.chance(40);
  plan.events = static_cast<int>(random.between(60, 180));
  for (std::size_t i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    const bool drawn = random.chance(share_of(fault));
    if (drawn || hooks.favour.contains(fault)) plan.faults.insert(fault);
  }
  if (plan.has(Fault::racing_closes)) plan.billers = 2;
  if (plan.has(Fault::zombie_consumer)) plan.consumers = 2;
  return plan;
}

World::World(std::uint64_t seed, const WorldHooks& hooks_in, bool trace)
    : hooks(hooks_in),
      engine(seed, kBegin, trace),
      random(engine.random()),
      plan(draw_plan(random, hooks)),
      broker(engine.process("broker")),
      database_machine(engine.process("database")),
      stream(engine, broker, truth, struck, plan.partitions),
      deployment(deployment_of(plan, hooks)),
      database(
          engine, [this] { return engine.true_us() + database_machine.skew_us; },
          MemoryDatabase::Options{deployment}),
      folder(index_folder()) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  database.server().reply = [this](std::string_view where) { return reply_to(where); };
  stream.applied = [this](std::int32_t partition) {
    note_commits();  // while the partition's life still is the one that was read
    return stream.broken.contains(partition) ? 0 : applied_next(partition);
  };
}

World::~World() {
  std::error_code none;
  std::filesystem::remove_all(folder, none);
}

void World::run() {
  WEIR_CHECK(database.apply_quota_catalog(catalog_of_the_world()).ok());
  WEIR_CHECK(database.apply_billing_catalog(catalog_of_the_world()).ok());
  for (int i = 0; i < plan.gateways; ++i) spawn_gateway(*this, i);
  for (int i = 0; i < plan.consumers; ++i) spawn_consumer(*this, i);
  for (int i = 0; i < plan.billers; ++i) spawn_biller(*this, i);
  if (plan.foreign) spawn_foreign_producer(*this);
  spawn_clients(*this);
  spawn_operator(*this);
  spawn_trouble(*this);
  engine.spawn(engine.process("end"), [this] {
    engine.sleep_until(kCalm);
    while (!settled() && engine.true_us() < kTooLate) engine.sleep(Micros(5 * kMinuteUs));
    engine.stop();
  });
  engine.run();
}

/// Whether the answer to a statement comes.
Reply World::reply_to(std::string_view where) {
  note_commits();
  const bool commit = where.ends_with("commit");
  if (!striking(Fault::commit_reply_lost) || engine.current() == nullptr) return Reply::comes;
  if (!random.chance(commit ? 8 : 1) || engine.current() == operator_process) return Reply::comes;
  if (commit) strike_now(Fault::commit_reply_lost);
  trace("the reply is lost: " + std::string(where));
  return random.chance(50) ? Reply::lost_before : Reply::lost_after;
}

void World::set_skew(Process& process, std::int64_t skew_us) {
  process.skew_us = skew_us;
  clock_lead_us = std::max(clock_lead_us, skew_us);
}

std::int64_t World::applied_next(std::int32_t partition) const {
  const auto incarnation = database.quota().deployment.committed(kOne)->incarnation.value;
  const auto* row = database.quota().progress.committed({incarnation, partition});
  return row == nullptr ? 0 : row->next;
}

std::int64_t World::closed_until() const { return *database.quota().frozen.committed(kOne); }

bool World::anything_struck() const {
  return std::any_of(struck.begin(), struck.end(), [](std::int64_t n) { return n > 0; });
}

}  // namespace weir::simulation
