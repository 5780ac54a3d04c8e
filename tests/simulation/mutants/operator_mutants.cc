#include "tests/simulation/database/memory_operator.h"
#include "tests/simulation/database/memory_operator_store.h"
#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/through.h"

namespace weir::simulation {
namespace {

/// What is accepted goes into the bucket of its time, frozen or not: nobody looked at closed_until.
class AcceptedIsUsage : public MemoryOperator {
 public:
  using MemoryOperator::MemoryOperator;
  Result<std::int64_t> hold_closed_until() override {
    return session().run("operator.read_closed_until", [&]() -> Result<std::int64_t> {
      return *quota().frozen.find(session(), kOne);
    });
  }
  Status add_adjustments(std::span<const weir::UnprovableRow> rows) override {
    return session().run("operator.add_usage", [&]() -> Status {
      for (const weir::UnprovableRow& row : rows) {
        for (std::size_t i = 0; i < row.meters.size(); ++i) {
          const UsageKey key{row.tenant, row.subscription, row.meters[i], row.bucket_us,
                             row.incarnation.value};
          const std::int64_t units = row.units[i];
          WEIR_TRY(quota().usage.upsert(
              session(), key, units,
              [units](std::int64_t& sum, bool found) { sum += found ? units : 0; }));
        }
      }
      return {};
    });
  }
};

/// The row is resolved as soon as it is split: nobody waits for its children to be applied.
class ResolvedWithTheSplit : public MemoryOperator {
 public:
  using MemoryOperator::MemoryOperator;
  Result<std::vector<std::int64_t>> add_redrives(std::int64_t quarantine_id,
                                                 std::span<const NewRedrive> children) override {
    auto ids = MemoryOperator::add_redrives(quarantine_id, children);
    if (!ids) return ids;
    const Status resolved =
        resolve_quarantine({&quarantine_id, 1}, "redriven", {"nobody", "split"});
    if (!resolved) return resolved.error();
    return ids;
  }
};

/// Every child counts as open, whatever became of it.
class DecidedChildApplied : public IngestThrough {
 public:
  explicit DecidedChildApplied(std::unique_ptr<IngestTransaction> real)
      : IngestThrough(std::move(real)) {}
  Result<std::vector<std::int64_t>> close_redrives(
      Incarnation i, std::span<const RedriveDecision> decisions) override {
    const auto open = real_->close_redrives(i, decisions);
    if (!open) return open;
    std::vector<std::int64_t> all;
    for (const RedriveDecision& decision : decisions) all.push_back(decision.child);
    return all;
  }
};

Mutant decided_child_applied() {
  return {"R7", "decided_child_applied",
          "a person discarded what was mended while it was on its way: it is billed all the same",
          [] {
            WorldHooks hooks;
            hooks.favour = {Fault::poison, Fault::slow_partition, Fault::broker_unreachable};
            hooks.store = [](Store& real, Scheduler&) -> std::unique_ptr<Store> {
              return std::make_unique<IngestWrapped>(
                  real, [](std::unique_ptr<IngestTransaction> tx, Store&) {
                    return std::make_unique<DecidedChildApplied>(std::move(tx));
                  });
            };
            return hooks;
          }};
}

/// Begins the new incarnation at offset 0, whatever was applied of the log before.
class FromTheLogStart : public MemoryOperator {
 public:
  using MemoryOperator::MemoryOperator;
  Status begin_incarnation(const NewIncarnation& begun, const Decision& decision) override {
    NewIncarnation anew = begun;
    for (IncarnationStart& start : anew.starts) {
      start.start = Offset{0};
      start.anchor.reset();
      start.unheld_until.reset();
    }
    return MemoryOperator::begin_incarnation(anew, decision);
  }
};

class NoOlderGenerations : public StoreThrough {
 public:
  using StoreThrough::StoreThrough;
  Result<PartitionState> read_partition(Incarnation i, PartitionId p, Deadline d) override {
    auto state = real_.read_partition(i, p, d);
    if (!state) return state;
    std::erase_if(state->generations,
                  [&](const Generation& g) { return g.incarnation != i.value; });
    return state;
  }
};

/// An operator's store whose transactions are `Transaction`s.
template <class Transaction>
class Deciding : public OperatorStore {
 public:
  explicit Deciding(OperatorStore& real)
      : real_(real), database_(dynamic_cast<MemoryOperatorStore&>(real).database()) {}
  Result<std::unique_ptr<OperatorTransaction>> begin(Deadline d) override {
    auto real = real_.begin(d);
    if (!real) return real;
    return std::unique_ptr<OperatorTransaction>(std::make_unique<Transaction>(database_));
  }
  Result<LineageFacts> lineage(Deadline d) override { return real_.lineage(d); }

 private:
  OperatorStore& real_;
  MemoryDatabase& database_;
};

template <class Transaction>
Mutant mutant(std::string rule, std::string name, std::string history, std::set<Fault> favour,
              Wrap<Store> store = {}) {
  return {std::move(rule), std::move(name), std::move(history), [favour, store] {
            WorldHooks hooks;
            hooks.favour = favour;
            hooks.store = store;
            hooks.operators = through<OperatorStore, Deciding<Transaction>>();
            return hooks;
          }};
}

}  // namespace

std::vector<Mutant> operator_mutants() {
  return {
      mutant<FromTheLogStart>("R1", "adopted_from_the_log_start",
                              "a truncated topic adopted from its log start applies its days twice",
                              {Fault::truncation}, through<Store, NoOlderGenerations>()),
      mutant<ResolvedWithTheSplit>(
          "R7", "parent_resolved_with_the_split",
          "a redriven event is on its way, and its period is closed",
          {Fault::poison, Fault::slow_partition, Fault::broker_unreachable}),
      decided_child_applied(),
      mutant<AcceptedIsUsage>(
          "R8", "accepted_becomes_usage",
          "an accepted event is written into a frozen bucket: never billed",
          {Fault::index_lost, Fault::retention_loss, Fault::late_event, Fault::producer_retry}),
  };
}

}  // namespace weir::simulation
