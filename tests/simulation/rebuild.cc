#include "tests/simulation/rebuild.h"

#include "base/json_writer.h"
#include "ingest/stream/pass_through_source.h"
#include "quota/handler.h"
#include "quota/rebuild/rebuild.h"
#include "tests/simulation/compare_ledgers.h"
#include "tests/simulation/database/memory_rebuilt_ledger.h"
#include "tests/simulation/database/memory_store.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace weir::simulation {
namespace {

constexpr Micros kPollSleep = std::chrono::seconds(1);

/// The stream as it stood when the ledger was lost: what was not applied then is not there.
class StreamOfThen : public PassThroughSource {
 public:
  StreamOfThen(World& world, Engine& engine)
      : StreamOfThen(world, engine, world.stream.log().join()) {}

  Result<Polled> poll(Micros timeout) override {
    Result<Polled> polled = real_.poll(timeout);
    if (polled && polled->kind == Polled::Kind::nothing) engine_.sleep(kPollSleep);
    return polled;
  }
  Result<LogBounds> bounds(PartitionId p, Deadline d) override {
    Result<LogBounds> bounds = real_.bounds(p, d);
    if (bounds) bounds->end = Offset{world_.applied_next(p.value)};
    return bounds;
  }

 private:
  StreamOfThen(World& world, Engine& engine, std::unique_ptr<Source> owned)
      : PassThroughSource(*owned), world_(world), engine_(engine), owned_(std::move(owned)) {}

  World& world_;
  Engine& engine_;
  std::unique_ptr<Source> owned_;
};

/// As `weir-billing certificates --export` writes them.
std::string exported_closes(MemoryDatabase& database) {
  using Sums =
      std::map<std::tuple<std::string, std::string, std::string, std::int64_t>, std::int64_t>;
  std::map<std::int64_t, Sums> late;
  database.quota().adjustment.each_committed([&](std::int64_t, const AdjustmentEntry& row) {
    if (!row.close_id) return;
    late[*row.close_id][{row.tenant, row.subscription, row.meter, row.bucket_us}] += row.units;
  });
  std::string lines;
  database.billing().close.each_committed([&](std::int64_t id, const CloseRow& row) {
    JsonWriter json;
    json.begin_object().field("close", id).field("digest", row.digest);
    json.key("adjustments").begin_array();
    for (const auto& [key, units] : late[id]) {
      const auto& [tenant, subscription, meter, bucket_us] = key;
      json.begin_array().value(tenant).value(subscription).value(meter);
      json.value(bucket_us).value(units).end_array();
    }
    json.end_array().key("certificate").raw(row.certificate).end_object();
    lines += json.text() + "\n";
  });
  return lines;
}

/// As `weir-quota decisions export` writes them.
std::string exported_decisions(const MemoryDatabase& database) {
  std::string lines;
  database.quota().audit.each_committed([&](std::int64_t, const AuditRow& row) {
    lines += write_decision({row.at_us, row.actor, row.action, row.reason, row.worth, row.detail});
  });
  return lines;
}

/// The machine on which it is rebuilt, and the database that it fills.
class Machine {
 public:
  explicit Machine(World& world)
      : world_(world),
        engine_(world.random.next(), world.engine.true_us(), world.engine.tracing()),
        process_(engine_.process("rebuild")),
        database_(
            engine_, [this] { return engine_.true_us(); }, MemoryDatabase::Options{empty(world)}) {
    WEIR_CHECK(database_.apply_quota_catalog(catalog_of_the_world()).ok());
  }

  Result<RebuildReport> rebuild() {
    Result<RebuildReport> report = Error{ErrorCode::unavailable, "it never began", ""};
    engine_.spawn(process_, [&] { report = rebuild_here(); });
    engine_.run();
    return report;
  }
  const MemoryDatabase& database() const { return database_; }

 private:
  /// As `weir-quota migrate` makes it, whatever the deployment came to be.
  static Deployment empty(const World& world) {
    Deployment deployment = world.deployment;
    deployment.incarnation = Incarnation{1};
    return deployment;
  }

  Result<RebuildReport> rebuild_here() {
    auto closes = read_close_vectors(exported_closes(world_.database));
    if (!closes) return closes.error();
    auto decisions = read_decisions(exported_decisions(world_.database));
    if (!decisions) return decisions.error();
    const std::string folder = world_.folder + "/rebuild";
    std::filesystem::create_directories(folder);
    LoopOptions loop = loop_options(world_, folder, "volume of the rebuild");
    loop.commit_rows_max = world_.random.between(1, 60);
    MemoryStore store(database_, world_.deployment.grace,
                      {loop.identity.horizon, loop.identity.restamp_window});
    const auto deployment = store.read_deployment(Deadline::in(std::chrono::seconds(10)));
    if (!deployment) return deployment.error();
    StreamOfThen stream(world_, engine_);
    MemoryRebuiltLedger ledger(database_);
    ProcessClock clock(engine_, process_);
    Metrics metrics;
    RebuildFrom from{stream, *std::move(closes), *std::move(decisions)};
    if (world_.hooks.rebuild) world_.hooks.rebuild(from);
    const RebuildInto into{ledger, store, *deployment, identity_key(),
                           loop,   clock, metrics,     std::chrono::hours(1)};
    return weir::rebuild(from, into, {});
  }

  World& world_;
  Engine engine_;
  Process& process_;
  MemoryDatabase database_;
};

}  // namespace

bool can_rebuild(World& world) {
  if (world.database.quota().deployment.committed(kOne)->incarnation != Incarnation{1}) {
    return false;
  }
  for (std::int32_t p = 0; p < world.plan.partitions; ++p) {
    if (world.stream.log().bounds(PartitionId{p}).start != Offset{0}) return false;
  }
  return world.stream.log().partitions() == world.plan.partitions;
}

std::vector<std::string> rebuild_and_compare(World& world) {
  Machine machine(world);
  const Result<RebuildReport> report = machine.rebuild();
  if (!report) return {"the rebuild says: " + report.error().text()};
  std::vector<std::string> found;
  const auto add = [&](const char* before, const std::vector<std::string>& more) {
    for (const std::string& one : more) found.push_back(before + one);
  };
  const Quota &lost = world.database.quota(), &rebuilt = machine.database().quota();
  add("rebuilt ", compare_money(lost, rebuilt));
  add("rebuilt ", compare_closes(world.database, machine.database()));
  add("the rebuild says: ", report->differences);
  add("the rebuild says nothing of ", compare_the_rest(lost, rebuilt));
  return found;
}

}  // namespace weir::simulation
