#include "tests/simulation/database/memory_close.h"
#include "tests/simulation/database/memory_close_store.h"
#include "tests/simulation/database/memory_store.h"
#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/slow_eye.h"
#include "tests/simulation/mutants/through.h"

#include <map>

namespace weir::simulation {
namespace {

/// The rows of the present incarnation, as `read` gives each.
template <class Read>
std::vector<CutPartition> cut_of(const Quota& quota, Read read) {
  const std::int32_t incarnation = quota.deployment.committed(kOne)->incarnation.value;
  std::vector<CutPartition> cut;
  for (std::int32_t p = 0; quota.progress.committed({incarnation, p}) != nullptr; ++p) {
    const ProgressRow& row = *read(ProgressKey{incarnation, p});
    CutPartition of{incarnation, p, row.next, -1, ""};
    if (row.anchor) of.anchor_offset = row.anchor->offset.value;
    if (row.anchor) of.anchor_digest = row.anchor->digest;
    cut.push_back(std::move(of));
  }
  return cut;
}

/// Reads the positions and stands in no batch's way.
class FenceLeftOut : public PassThroughClose {
 public:
  FenceLeftOut(std::unique_ptr<CloseTransaction> real, MemoryDatabase& database)
      : PassThroughClose(std::move(real)), quota_(database.quota()) {}
  Result<std::vector<CutPartition>> fence_progress() override {
    WEIR_TRY(real_->clock_us());  // a statement all the same
    return cut_of(quota_, [&](const ProgressKey& key) { return quota_.progress.committed(key); });
  }

 private:
  Quota& quota_;
};

/// FOR UPDATE, and nothing more: a REPEATABLE READ ingest that waited for it goes on.
class RowsLockedOnly : public MemoryClose {
 public:
  explicit RowsLockedOnly(MemoryDatabase& database) : MemoryClose(database) {}
  Result<std::vector<CutPartition>> fence_progress() override {
    return session().run("close.lock_progress", [&]() -> Result<std::vector<CutPartition>> {
      auto locked = quota().progress.lock_all(
          session(), [](const ProgressKey&, const ProgressRow& row) { return !row.ended_at_us; },
          Strength::update);
      if (!locked) return locked.error();
      return cut_of(quota(),
                    [&](const ProgressKey& key) { return quota().progress.find(session(), key); });
    });
  }
};

class LockingCloses : public CloseStore {
 public:
  explicit LockingCloses(CloseStore& real)
      : real_(real), database_(dynamic_cast<MemoryCloseStore&>(real).database()) {}
  Result<std::unique_ptr<CloseTransaction>> begin(Deadline d) override {
    auto real = real_.begin(d);
    if (!real) return real;
    return std::unique_ptr<CloseTransaction>(std::make_unique<RowsLockedOnly>(database_));
  }
  Result<std::optional<CloseHead>> find_close(std::int64_t t_us, Deadline d) override {
    return real_.find_close(t_us, d);
  }

 private:
  CloseStore& real_;
  MemoryDatabase& database_;
};

void rows_locked_only(WorldHooks& hooks) {
  hooks.closes = through<CloseStore, LockingCloses>();
  hooks.store = [](Store& real, Scheduler&) -> std::unique_ptr<Store> {
    return dynamic_cast<MemoryStore&>(real).with(Isolation::repeatable_read);
  };
}

/// An adjustment that an earlier close took is taken again.
class TakenAgain : public PassThroughClose {
 public:
  using Taken = std::map<std::int64_t, AdjustmentRow>;
  TakenAgain(std::unique_ptr<CloseTransaction> real, std::shared_ptr<Taken> taken)
      : PassThroughClose(std::move(real)), taken_(std::move(taken)) {}
  Result<std::vector<AdjustmentRow>> unassigned_adjustments() override {
    auto rows = real_->unassigned_adjustments();
    if (!rows) return rows;
    for (const AdjustmentRow& row : *rows) seen_[row.id] = row;
    for (const auto& [id, row] : *taken_) rows->push_back(row);
    return rows;
  }
  Result<std::vector<std::int64_t>> assign_adjustments(std::int64_t close_id,
                                                       std::span<const std::int64_t> ids) override {
    const auto assigned = real_->assign_adjustments(close_id, ids);
    if (!assigned) return assigned;
    for (const std::int64_t id : *assigned) (*taken_)[id] = seen_[id];
    return std::vector<std::int64_t>(ids.begin(), ids.end());
  }

 private:
  std::shared_ptr<Taken> taken_;
  Taken seen_;
};

/// Usage is read up to the cut only as far as the bucket before T.
class LastBucketLeft : public PassThroughClose {
 public:
  using PassThroughClose::PassThroughClose;
  Result<std::vector<UsageRow>> usage(std::int64_t from, std::int64_t to) override {
    return real_->usage(from, to - 900 * kMicrosPerSecond);
  }
};

/// A consumer whose commits take seconds: with the fence, the close waits for it.
class SlowCommit : public IngestThrough {
 public:
  SlowCommit(std::unique_ptr<IngestTransaction> real, Scheduler& scheduler)
      : IngestThrough(std::move(real)), scheduler_(scheduler) {}
  Status commit() override {
    const auto seconds = static_cast<std::int64_t>(scheduler_.draw(5));
    (void)scheduler_.wait("quota.slow", Micros(seconds * kMicrosPerSecond), [] { return false; });
    return real_->commit();
  }

 private:
  Scheduler& scheduler_;
};

void fence_left_out(WorldHooks& hooks) {
  hooks.store = [](Store& real, Scheduler& scheduler) -> std::unique_ptr<Store> {
    return std::make_unique<IngestWrapped>(
        real, [&scheduler](std::unique_ptr<IngestTransaction> tx, Store&) {
          return std::make_unique<SlowCommit>(std::move(tx), scheduler);
        });
  };
  hooks.closes = [](CloseStore& real, Scheduler&) -> std::unique_ptr<CloseStore> {
    MemoryDatabase& database = dynamic_cast<MemoryCloseStore&>(real).database();
    return std::make_unique<WrappedCloses>(real, [&database](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<FenceLeftOut>(std::move(tx), database);
    });
  };
}

void taken_again(WorldHooks& hooks) {
  auto taken = std::make_shared<TakenAgain::Taken>();
  hooks.closes = [taken](CloseStore& real, Scheduler&) -> std::unique_ptr<CloseStore> {
    return std::make_unique<WrappedCloses>(real, [taken](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<TakenAgain>(std::move(tx), taken);
    });
  };
}

void last_bucket_left(WorldHooks& hooks) {
  hooks.closes = [](CloseStore& real, Scheduler&) -> std::unique_ptr<CloseStore> {
    return std::make_unique<WrappedCloses>(real, [](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<LastBucketLeft>(std::move(tx));
    });
  };
}

template <class Change>
Mutant mutant(std::string rule, std::string name, std::string history, std::set<Fault> favour,
              Change change) {
  return {std::move(rule), std::move(name), std::move(history), [favour, change] {
            WorldHooks hooks;
            hooks.favour = favour;
            look_slowly(hooks);
            change(hooks);
            return hooks;
          }};
}

}  // namespace

std::vector<Mutant> close_mutants() {
  return {
      mutant("R11", "fence_left_out",
             "a batch that had read the old closed_until writes behind the close's back",
             {Fault::late_event, Fault::slow_partition}, fence_left_out),
      mutant("R11", "rows_locked_not_updated",
             "a REPEATABLE READ ingest waits for the lock and goes on in its old snapshot",
             {Fault::late_event, Fault::slow_partition}, rows_locked_only),
      mutant("R11", "last_bucket_left_out",
             "usage just before T is frozen without being in any snapshot", {}, last_bucket_left),
      mutant("R12", "adjustment_taken_again", "a late event is billed by each later close",
             {Fault::late_event}, taken_again),
  };
}

}  // namespace weir::simulation
