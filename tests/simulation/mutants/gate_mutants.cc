#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/through.h"

#include <map>

namespace weir::simulation {
namespace {

/// E of an earlier barrier of the partition: from before T.
class BarrierOfBefore : public GateThrough {
 public:
  BarrierOfBefore(GateStore& real, std::shared_ptr<std::map<std::int32_t, std::int64_t>> before)
      : GateThrough(real), before_(std::move(before)) {}
  Status record_barriers(std::span<const WrittenBarrier> barriers, Deadline d) override {
    std::vector<WrittenBarrier> early(barriers.begin(), barriers.end());
    for (WrittenBarrier& barrier : early) {
      std::int64_t& before = before_->try_emplace(barrier.partition, 1).first->second;
      barrier.e = std::exchange(before, barrier.e);
    }
    return real_.record_barriers(early, d);
  }

 private:
  std::shared_ptr<std::map<std::int32_t, std::int64_t>> before_;
};

/// "What is applied is all there is": E is wherever the consumer stands.
class LagIsZero : public GateThrough {
 public:
  using GateThrough::GateThrough;
  Status record_barriers(std::span<const WrittenBarrier> barriers, Deadline d) override {
    std::vector<WrittenBarrier> here(barriers.begin(), barriers.end());
    for (WrittenBarrier& barrier : here) {
      auto progress = real_.progress(barrier.incarnation, d);
      if (!progress) return progress.error();
      for (const QuotaPartition& of : *progress) {
        if (of.partition == barrier.partition) barrier.e = std::max<std::int64_t>(1, of.next);
      }
    }
    return real_.record_barriers(here, d);
  }
};

class FirstPartitionIgnored : public GateThrough {
 public:
  using GateThrough::GateThrough;
  Status record_barriers(std::span<const WrittenBarrier> barriers, Deadline d) override {
    std::vector<WrittenBarrier> rest(barriers.begin(), barriers.end());
    for (WrittenBarrier& barrier : rest) {
      if (barrier.partition == 0) barrier.e = 1;
    }
    return real_.record_barriers(rest, d);
  }
};

/// What both the gate and the close read, changed by `Change`.
template <class Change>
class GateReads : public GateThrough {
 public:
  using GateThrough::GateThrough;
  Result<QuotaProducers> producers(Deadline d) override {
    return Change::producers(real_.producers(d));
  }
  Result<std::vector<QuotaBlocker>> blockers(Deadline d) override {
    return Change::blockers(real_.blockers(d));
  }
};
template <class Change>
class CloseReads : public PassThroughClose {
 public:
  using PassThroughClose::PassThroughClose;
  Result<QuotaProducers> producers() override { return Change::producers(real_->producers()); }
  Result<std::vector<QuotaBlocker>> blockers() override {
    return Change::blockers(real_->blockers());
  }
};
struct AsItIs {
  static Result<QuotaProducers> producers(Result<QuotaProducers> real) { return real; }
  static Result<std::vector<QuotaBlocker>> blockers(Result<std::vector<QuotaBlocker>> real) {
    return real;
  }
};

struct NobodySeals : AsItIs {
  static Result<QuotaProducers> producers(Result<QuotaProducers> real) {
    if (real) *real = {};
    return real;
  }
};
struct SealsWithoutNumbers : AsItIs {
  static Result<QuotaProducers> producers(Result<QuotaProducers> real) {
    if (!real) return real;
    for (QuotaSeal& seal : real->seals) {
      for (EpochNumbers& of : seal.numbers) std::fill(of.last.begin(), of.last.end(), 0);
    }
    return real;
  }
};
struct SilentAreGone : AsItIs {  // a timer that retires
  static Result<QuotaProducers> producers(Result<QuotaProducers> real) {
    if (!real) return real;
    std::int64_t newest = 0;
    for (const QuotaProducer& of : real->producers) {
      newest = std::max(newest, of.sealed_until_us.value_or(of.registered_at_us));
    }
    std::erase_if(real->producers, [&](const QuotaProducer& of) {
      const std::int64_t silent = newest - of.sealed_until_us.value_or(of.registered_at_us);
      return silent > 1800 * kMicrosPerSecond;
    });
    return real;
  }
};
struct NothingBlocks : AsItIs {
  static Result<std::vector<QuotaBlocker>> blockers(Result<std::vector<QuotaBlocker>> real) {
    if (real) real->clear();
    return real;
  }
};

template <class Change>
void read_so(WorldHooks& hooks) {
  hooks.gate_store = through<GateStore, GateReads<Change>>();
  hooks.closes = [](CloseStore& real, Scheduler&) -> std::unique_ptr<CloseStore> {
    return std::make_unique<WrappedCloses>(real, [](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<CloseReads<Change>>(std::move(tx));
    });
  };
}

template <class Change>
Mutant mutant(std::string rule, std::string name, std::string history, std::set<Fault> favour,
              Change change) {
  return {std::move(rule),
          std::move(name),
          std::move(history),
          [favour, change] {
            WorldHooks hooks;
            hooks.favour = favour;
            change(hooks);
            return hooks;
          },
          {}};
}

/// `Outer` over what `Inner` makes of the real one.
template <class Outer, class Inner>
class Over : public Outer {
 public:
  template <class... More>
  explicit Over(GateStore& real, More&&... more)
      : Over(std::make_unique<Inner>(real), std::forward<More>(more)...) {}

 private:
  template <class... More>
  explicit Over(std::unique_ptr<Inner> inner, More&&... more)
      : Outer(*inner, std::forward<More>(more)...), inner_(std::move(inner)) {}
  std::unique_ptr<Inner> inner_;
};

/// READY(T) alone: numbers and seals would show what a weaker barrier misses.
void nobody_seals(WorldHooks& hooks) { read_so<NobodySeals>(hooks); }

Mutant barrier_mutant(std::string name, std::string history,
                      std::function<void(WorldHooks&)> hook) {
  Mutant made = mutant("R9", std::move(name), std::move(history), {Fault::slow_partition},
                       [hook](WorldHooks& hooks) {
                         nobody_seals(hooks);
                         hook(hooks);
                       });
  made.deployment = nobody_seals;
  return made;
}

template <class Weaker>
void weaker_barriers(WorldHooks& hooks) {
  hooks.gate_store = through<GateStore, Over<Weaker, GateReads<NobodySeals>>>();
}

void barriers_of_before(WorldHooks& hooks) {
  auto before = std::make_shared<std::map<std::int32_t, std::int64_t>>();
  hooks.gate_store = [before](GateStore& real, Scheduler&) -> std::unique_ptr<GateStore> {
    return std::make_unique<Over<BarrierOfBefore, GateReads<NobodySeals>>>(real, before);
  };
}

}  // namespace

std::vector<Mutant> gate_mutants() {
  return {
      barrier_mutant(
          "barrier_from_before_T",
          "the position that is waited for was read before T: what came since is missing",
          barriers_of_before),
      barrier_mutant("lag_instead_of_barrier", "lag looks zero while a partition delivers nothing",
                     weaker_barriers<LagIsZero>),
      barrier_mutant("one_partition_ignored", "the slow partition is the one nobody asked",
                     weaker_barriers<FirstPartitionIgnored>),
      mutant("R10", "grace_zero", "an event in time is accepted after the close of its period",
             {Fault::slow_partition},
             [](WorldHooks& hooks) {
               hooks.deployment = [](Deployment& deployment) {
                 deployment.grace = deployment.delivery_timeout = Micros(0);
                 deployment.permitted_future = Micros(0);
               };
             }),
      mutant("R11", "nothing_blocks", "what stands in quarantine is missing on the invoice",
             {Fault::poison}, read_so<NothingBlocks>),
      mutant("R13", "seals_not_asked",
             "a gateway is cut off with accepted events in its spool, and the period is closed",
             {Fault::dead_collector}, read_so<NobodySeals>),
      mutant("R13", "seal_without_the_number",
             "the broker loses 481 to 500, and the seal does not say that they were there",
             {Fault::truncation}, read_so<SealsWithoutNumbers>),
      mutant("R14", "a_timer_retires",
             "a gateway that was silent for half an hour comes back with what it accepted",
             {Fault::dead_collector}, read_so<SilentAreGone>),
  };
}

}  // namespace weir::simulation
