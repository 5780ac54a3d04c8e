// The operator: looks now and then at what blocks, and decides by the production decisions
// (quota/operator). One who is patient waits until things are certain; one at a bad moment decides at
// once, while the thing may still come.
#include "ingest/codec/codec.h"
#include "ingest/producer/producer.h"
#include "quota/operator/adopt.h"
#include "quota/operator/resolve.h"
#include "tests/simulation/database/memory_operator_store.h"
#include "tests/simulation/world.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr std::int64_t kPatienceUs = 25 * kMinuteUs;
const Decision kDecision{"operator", "decided in the simulation"};

Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

class Operator {
 public:
  Operator(World& world, Process& process)
      : world_(world),
        process_(process),
        rows_(world.database),
        used_(world.hooks.operators, rows_, world.engine),
        store_(*used_),
        eye_(world.stream) {}

  void look() {
    adopt();
    resolve_gaps();
    resolve_holes();
    resolve_quarantine();
    resolve_flags();
    resolve_unprovable();
    retire_producers();
  }

 private:
  /// Decides now, though it may be wrong.
  bool hasty() {
    if (!world_.striking(Fault::operator_bad_moment) || !world_.random.chance(50)) return false;
    world_.strike_now(Fault::operator_bad_moment);
    return true;
  }
  bool due(std::int64_t opened_at_us) {
    return world_.engine.true_us() - opened_at_us > kPatienceUs || hasty();
  }
  void told(const std::string& what, const Result<Resolution>& done) {
    if (!world_.engine.tracing()) return;
    world_.trace(what + (done ? "" : ": " + done.error().text()));
  }
  const Quota& rows() const { return world_.database.quota(); }

  void adopt() {
    bool broken = false;
    rows().flag.each_committed([&](std::int64_t, const FlagRow& flag) {
      broken = broken || (!flag.cleared_at_us && flag.kind == "lineage");
    });
    if (!broken) return;
    if (world_.stream.log().partitions() > world_.plan.partitions) {
      world_.trace("puts the old topic back");
      world_.stream.remove_partition();
      for (auto& gateway : world_.gateways) world_.engine.kill(*gateway.process);
    }
    const auto facts = store_.lineage(soon());
    if (!facts) return;
    const auto plan = plan_adoption(*facts, eye_, soon());
    if (!plan) {
      world_.trace("cannot adopt: " + plan.error().text());
      // Neither the old log nor another one that could be told apart: it is made anew.
      const bool refused = plan.error().code == ErrorCode::conflict;
      if (refused && world_.stream.log().partitions() == world_.plan.partitions) {
        world_.trace("makes the topic anew");
        world_.stream.recreate();
      }
      return;
    }
    const auto done = adopt_lineage(store_, kDecision, *plan, soon());
    told("adopts incarnation " + std::to_string(plan->begins.incarnation.value) + " (" +
             plan->begins.why + ")",
         done);
    if (!done) return;
    for (World::ConsumerState& consumer : world_.consumers) world_.engine.kill(*consumer.process);
  }

  void resolve_gaps() {
    std::vector<std::int64_t> ids;
    rows().gap.each_committed([&](const SpanKey&, const GapRow& gap) {
      if (!gap.accepted_at_us && due(gap.opened_at_us)) ids.push_back(gap.id);
    });
    for (const std::int64_t id : ids) {
      told("accepts gap " + std::to_string(id), accept_gaps(store_, kDecision, {&id, 1}, soon()));
    }
  }

  void resolve_holes() {
    std::vector<std::int64_t> ids;
    rows().hole.each_committed([&](std::int64_t id, const HoleRow& hole) {
      // One that is there fills its holes itself, however long it takes, unless they are lost.
      if (hole.open() && due(hole.opened_at_us + (lives(hole.producer) ? kPatienceUs : 0))) {
        ids.push_back(id);
      }
    });
    for (const std::int64_t id : ids) {
      told("accepts hole " + std::to_string(id), accept_holes(store_, kDecision, {&id, 1}, soon()));
    }
  }

  void resolve_quarantine() {
    std::vector<std::pair<SpanKey, std::int64_t>> open;
    rows().quarantine.each_committed([&](const SpanKey& key, const QuarantineRow& row) {
      if (!row.resolved_at_us && due(row.opened_at_us)) open.emplace_back(key, row.id);
    });
    for (const auto& [key, id] : open) resolve_quarantine(key, id);
  }

  void resolve_quarantine(const SpanKey& key, std::int64_t id) {
    const auto& [incarnation, partition, offset, row] = key;
    const auto* record =
        rows().quarantine_record.committed(RecordKey{incarnation, partition, offset});
    std::vector<TrueEvent*> events;
    if (record != nullptr) events = world_.truth.in(record->raw);
    const bool one = row >= 0 && static_cast<std::size_t>(row) < events.size();
    if (events.empty() || (row >= 0 && !one) || world_.random.chance(10)) {
      told("discards quarantined " + std::to_string(id),
           discard_quarantine(store_, kDecision, {&id, 1}, soon()));
      return;
    }
    if (one) events = {events[static_cast<std::size_t>(row)]};
    redrive(id, events);
  }

  void redrive(std::int64_t id, const std::vector<TrueEvent*>& events) {
    std::vector<NewRedrive> children;
    bool split = false;
    rows().redrive.each_committed(
        [&](std::int64_t, const RedriveRow& child) { split = split || child.quarantine_id == id; });
    for (const TrueEvent* event : events) {
      if (!split) children.push_back({home_of(*event), json_of(*event)});
    }
    const auto made = split_redrive(store_, kDecision, id, children, soon());
    world_.trace("redrives quarantined " + std::to_string(id) +
                 (made ? "" : ": " + made.error().text()));
    if (!made) return;
    SimSink sink(world_.stream);
    for (const weir::RedriveRow& child : made->to_send) {
      OutRecord record{child.partition, kJson, child.event};
      record.origin.redrive = child.id;
      (void)sink.append({&record, 1}, soon());  // sent again at the next look, if need be
    }
  }

  PartitionId home_of(const TrueEvent& event) const {
    return partition_of(event.subscription, world_.plan.partitions);
  }
  static std::string json_of(const TrueEvent& event) {
    RequestBatch batch;
    add_row(batch, event, event.times_us.front());
    std::string json;
    Encoder(identity_key()).ndjson(batch, 0, 1, json);
    while (!json.empty() && json.back() == '\n') json.pop_back();
    return json;
  }

  void resolve_flags() {
    std::vector<std::int64_t> ids;
    rows().flag.each_committed([&](std::int64_t id, const FlagRow& flag) {
      if (!flag.cleared_at_us && flag.kind != "lineage" && due(flag.opened_at_us)) {
        ids.push_back(id);
      }
    });
    for (const std::int64_t id : ids) {
      told("clears flag " + std::to_string(id), clear_flags(store_, kDecision, {&id, 1}, soon()));
    }
  }

  /// Looks into the gateways' own books, and is right: counts what was not counted.
  void resolve_unprovable() {
    std::vector<std::pair<std::int64_t, bool>> open;
    rows().unprovable.each_committed([&](const auto&, const UnprovableRow& row) {
      if (row.accepted_at_us || !row.resolution.empty() || !due(row.opened_at_us)) return;
      const auto noted = world_.counted_before.find(row.id);
      if (noted != world_.counted_before.end()) open.emplace_back(row.id, noted->second);
    });
    for (const auto& [id, counted] : open) {
      const std::string what = " unprovable " + std::to_string(id);
      told((counted ? "discards" : "accepts") + what,
           counted ? discard_unprovable(store_, kDecision, {&id, 1}, soon())
                   : accept_unprovable(store_, kDecision, {&id, 1}, soon()));
    }
  }

  bool lives(const std::string& producer) const {
    return std::any_of(world_.gateways.begin(), world_.gateways.end(), [&](const auto& gateway) {
      if (gateway.spool_gone) return false;
      MemoryDisk& disk = const_cast<MemoryDisk&>(gateway.disk);
      const auto identity = read_spool_identity(disk, "spool");
      return identity && identity->producer == producer;
    });
  }

  /// Of a collector that cannot drain what it has, to a topic that is no more.
  void give_up_spool(const std::string& producer) {
    for (auto& gateway : world_.gateways) {
      const auto identity = read_spool_identity(gateway.disk, "spool");
      if (!identity || identity->producer != producer) continue;
      gateway.spool_gone = true;
      world_.engine.kill(*gateway.process);
    }
  }

  void retire_producers() {
    std::vector<std::string> gone;
    rows().producer.each_committed([&](const std::string& id, const ProducerRow& row) {
      if (row.ended_by) return;
      const std::int64_t sealed = row.sealed_until_us.value_or(row.registered_at_us);
      const std::int64_t silent = world_.engine.true_us() - sealed;
      if (silent > 8 * kPatienceUs) give_up_spool(id);
      if (silent > kPatienceUs && (!lives(id) || (silent > 3 * kPatienceUs && hasty()))) {
        gone.push_back(id);
      }
    });
    for (const std::string& id : gone) {
      told("retires " + id, retire_producer(store_, kDecision, id, soon()));
    }
  }

  World& world_;
  Process& process_;
  MemoryOperatorStore rows_;
  Wrapped<OperatorStore> used_;
  OperatorStore& store_;
  SimEye eye_;
};

}  // namespace

void spawn_operator(World& world) {
  Process& process = world.engine.process("operator");
  world.operator_process = &process;
  spawn_lives(world, process, [&world, &process] {
    Operator person(world, process);
    for (;;) {
      const std::int64_t minutes = world.random.between(4, 12);
      world.engine.sleep(Micros(minutes * kMinuteUs));
      person.look();
    }
  });
}

}  // namespace weir::simulation
