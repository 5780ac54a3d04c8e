#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/through.h"

#include <algorithm>
#include <map>
#include <set>

namespace weir::simulation {
namespace {

/// Takes identities before the write: a batch that failed finds its own events known.
class ClaimedFirst : public HandlerThrough {
 public:
  using HandlerThrough::HandlerThrough;
  Result<Committed> commit(const CommitBatch& batch, Deadline d) override {
    CommitBatch claimed = batch;
    for (std::size_t i = 0; i < batch.verdict.size(); ++i) {
      if (batch.verdict[i] != Verdict::fresh) continue;
      if (claimed_.insert(batch.rows.identity[i]).second) continue;
      claimed.verdict[i] = Verdict::duplicate;
      RangeCounts& counts = claimed.ranges[batch.range_of[i]].counts;
      --counts.applied;
      ++counts.duplicate;
    }
    return real_.commit(claimed, d);
  }

 private:
  std::set<Identity> claimed_;
};

/// An event is its source's and its id's, whoever sent it.
class TenantForgotten : public HandlerThrough {
 public:
  using Known = std::map<std::string, Identity>;  // by (source, id): whose came first
  TenantForgotten(Handler& real, std::shared_ptr<Known> known)
      : HandlerThrough(real), known_(std::move(known)) {}
  Sections sections() const override { return Sections::all; }  // source and id are detail
  Result<Committed> commit(const CommitBatch& batch, Deadline d) override {
    CommitBatch judged = batch;
    Known known = *known_;
    for (std::size_t i = 0; i < batch.verdict.size(); ++i) {
      if (batch.verdict[i] != Verdict::fresh) continue;
      const std::string name =
          std::string(batch.rows.source.at(i)) + "/" + std::string(batch.rows.id.at(i));
      const Identity first = known.try_emplace(name, batch.rows.identity[i]).first->second;
      if (first == batch.rows.identity[i]) continue;
      judged.verdict[i] = Verdict::duplicate;
      RangeCounts& counts = judged.ranges[batch.range_of[i]].counts;
      --counts.applied;
      ++counts.duplicate;
    }
    const auto done = real_.commit(judged, d);
    if (done && *done != Committed::conflict) *known_ = std::move(known);
    return done;
  }

 private:
  std::shared_ptr<Known> known_;
};

void tenant_forgotten(WorldHooks& hooks) {
  auto known = std::make_shared<TenantForgotten::Known>();
  hooks.handler = [known](Handler& real, Scheduler&) -> std::unique_ptr<Handler> {
    return std::make_unique<TenantForgotten>(real, known);
  };
}

class UnprovableCounted : public HandlerThrough {
 public:
  using HandlerThrough::HandlerThrough;
  Result<Committed> commit(const CommitBatch& batch, Deadline d) override {
    CommitBatch counted = batch;
    for (std::size_t i = 0; i < batch.verdict.size(); ++i) {
      if (batch.verdict[i] != Verdict::unprovable) continue;
      counted.verdict[i] = Verdict::fresh;
      RangeCounts& counts = counted.ranges[batch.range_of[i]].counts;
      --counts.unprovable;
      ++counts.applied;
    }
    return real_.commit(counted, d);
  }
};

class NoOlderIncarnation : public StoreThrough {
 public:
  using StoreThrough::StoreThrough;
  Result<PartitionState> read_partition(Incarnation i, PartitionId p, Deadline d) override {
    auto state = real_.read_partition(i, p, d);
    if (!state) return state;
    std::erase_if(state->generations,
                  [&](const Generation& g) { return g.incarnation != i.value; });
    state->unheld_until.reset();  // nor what it could not hold
    return state;
  }
};

class AnyPartitionCount : public StoreThrough {
 public:
  using StoreThrough::StoreThrough;
  Result<std::int32_t> fix_partitions(std::int32_t count, Deadline d) override {
    const auto known = real_.fix_partitions(count, d);
    return known ? Result<std::int32_t>(count) : known;
  }
};

/// What a consumer's life has loaded: shared by its handler and its source.
struct Loaded {
  std::map<PartitionId, PartitionState> states;
};

class TellingHandler : public HandlerThrough {
 public:
  TellingHandler(Handler& real, std::shared_ptr<Loaded> loaded)
      : HandlerThrough(real), loaded_(std::move(loaded)) {}
  Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                           std::int32_t count, Deadline d) override {
    auto states = real_.load(partitions, count, d);
    if (!states) return states;
    for (const PartitionState& state : *states) loaded_->states[state.partition] = state;
    return states;
  }

 private:
  std::shared_ptr<Loaded> loaded_;
};

/// Never reads what lies before the stored position: the index is not rebuilt, and does not know.
class NothingBefore : public PassThroughSource {
 public:
  NothingBefore(Source& real, std::shared_ptr<Loaded> loaded)
      : PassThroughSource(real), loaded_(std::move(loaded)) {}
  Status start(PartitionId p, Offset from) override {
    const auto found = loaded_->states.find(p);
    if (found == loaded_->states.end()) return real_.start(p, from);
    return real_.start(p, std::max(from, found->second.next));
  }

 private:
  std::shared_ptr<Loaded> loaded_;
};

/// Says that every anchor holds.
class AnchorsHold : public PassThroughSource {
 public:
  AnchorsHold(Source& real, std::shared_ptr<Loaded> loaded)
      : PassThroughSource(real), loaded_(std::move(loaded)) {}
  Result<std::optional<Anchor>> anchor_at(PartitionId p, Offset offset, Deadline d) override {
    const auto found = loaded_->states.find(p);
    if (found != loaded_->states.end() && found->second.anchor &&
        found->second.anchor->offset == offset) {
      return found->second.anchor;
    }
    return real_.anchor_at(p, offset, d);
  }

 private:
  std::shared_ptr<Loaded> loaded_;
};

/// A handler that tells, and the `Wrapper` of the source that belongs to the same life.
template <class Wrapper>
void tell_source(WorldHooks& hooks) {
  auto life = std::make_shared<std::shared_ptr<Loaded>>();
  hooks.handler = [life](Handler& real, Scheduler&) -> std::unique_ptr<Handler> {
    *life = std::make_shared<Loaded>();
    return std::make_unique<TellingHandler>(real, *life);
  };
  hooks.source = [life](Source& real, Scheduler&) -> std::unique_ptr<Source> {
    return std::make_unique<Wrapper>(real, *life);
  };
}

/// The eye says of each anchor what the fence has just read of it.
using Digests = std::map<std::pair<std::int32_t, std::int64_t>, std::string>;

class NotingFence : public PassThroughClose {
 public:
  NotingFence(std::unique_ptr<CloseTransaction> real, std::shared_ptr<Digests> digests)
      : PassThroughClose(std::move(real)), digests_(std::move(digests)) {}
  Result<std::vector<CutPartition>> fence_progress() override {
    auto cut = real_->fence_progress();
    if (!cut) return cut;
    for (const CutPartition& of : *cut) {
      (*digests_)[{of.partition, of.anchor_offset}] = of.anchor_digest;
    }
    return cut;
  }

 private:
  std::shared_ptr<Digests> digests_;
};

/// The certificates claim the whole window, whatever the index held.
class WindowCalledWhole : public PassThroughClose {
 public:
  using PassThroughClose::PassThroughClose;
  Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation) override {
    auto rows = real_->progress(incarnation);
    if (!rows) return rows;
    for (QuotaPartition& row : *rows) row.horizon_from_us = row.restamp_short_until_us = 0;
    return rows;
  }
};

void short_window_not_printed(WorldHooks& hooks) {
  hooks.closes = [](CloseStore& real, Scheduler&) -> std::unique_ptr<CloseStore> {
    return std::make_unique<WrappedCloses>(real, [](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<WindowCalledWhole>(std::move(tx));
    });
  };
}

class BlindEye : public StreamEye {
 public:
  BlindEye(StreamEye& real, std::shared_ptr<Digests> digests)
      : real_(real), digests_(std::move(digests)) {}
  Result<StreamLook> look(Deadline d) override { return real_.look(d); }
  Result<std::optional<std::string>> digest_at(std::int32_t p, std::int64_t offset,
                                               Deadline d) override {
    const auto found = digests_->find({p, offset});
    if (found != digests_->end()) return std::optional<std::string>(found->second);
    return real_.digest_at(p, offset, d);
  }

 private:
  StreamEye& real_;
  std::shared_ptr<Digests> digests_;
};

void nobody_looks_at_anchors(WorldHooks& hooks) {
  tell_source<AnchorsHold>(hooks);
  auto digests = std::make_shared<Digests>();
  hooks.closes = [digests](CloseStore& real, Scheduler&) -> std::unique_ptr<CloseStore> {
    return std::make_unique<WrappedCloses>(real, [digests](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<NotingFence>(std::move(tx), digests);
    });
  };
  hooks.eye = [digests](StreamEye& real, Scheduler&) -> std::unique_ptr<StreamEye> {
    return std::make_unique<BlindEye>(real, digests);
  };
}

template <class Change>
Mutant mutant(std::string rule, std::string name, std::string history, std::set<Fault> favour,
              Change change) {
  return {std::move(rule), std::move(name), std::move(history), [favour, change] {
            WorldHooks hooks;
            hooks.favour = favour;
            change(hooks);
            return hooks;
          }};
}

}  // namespace

std::vector<Mutant> identity_mutants() {
  return {
      mutant("R1", "anchors_not_compared",
             "the topic is made anew or cut, and nobody notices what is gone",
             {Fault::topic_recreated, Fault::truncation}, nobody_looks_at_anchors),
      mutant("R1", "older_incarnations_forgotten",
             "X, applied at 900 of the old topic, is retried and lands at 50 of the new one: twice",
             {Fault::topic_recreated, Fault::producer_retry, Fault::duplicated_delivery},
             [](WorldHooks& hooks) { hooks.store = through<Store, NoOlderIncarnation>(); }),
      mutant("R2", "partition_count_not_fixed",
             "a partition is added, subscriptions move to it, and a retry counts where it lands",
             {Fault::partition_added, Fault::producer_retry},
             [](WorldHooks& hooks) { hooks.store = through<Store, AnyPartitionCount>(); }),
      mutant("R2", "misrouted_taken",
             "a copy in another partition than its subscription's counts again", {Fault::poison},
             [](WorldHooks& hooks) {
               hooks.loop = [](LoopOptions& options) { options.check_partitioner = false; };
             }),
      mutant("R4", "claimed_before_the_write",
             "the write fails, its retry finds the identities taken: the events are lost",
             {Fault::commit_reply_lost},
             [](WorldHooks& hooks) { hooks.handler = through<Handler, ClaimedFirst>(); }),
      mutant("R4", "identity_without_tenant",
             "two customers number their requests alike: the second one's is dropped as a copy", {},
             tenant_forgotten),
      mutant("R5", "index_not_whole",
             "B goes on at 2 and never saw 0 and 1: the retry of 0 counts twice",
             {Fault::zombie_consumer, Fault::producer_retry, Fault::duplicated_delivery,
              Fault::consumer_crash},
             tell_source<NothingBefore>),
      mutant("R6", "restamped_not_asked",
             "a retry with a new time does not find the generation of the first",
             {Fault::restamped_retry},
             [](WorldHooks& hooks) {
               hooks.loop = [](LoopOptions& options) {
                 options.identity.restamp_window = Micros(0);
                 options.identity.skew = Micros(0);
               };
             }),
      mutant(
          "R6", "short_window_not_printed",
          "the index no longer holds the first copy, the retry with a new time counts again, and "
          "the certificate claims that none could",
          {Fault::restamped_retry, Fault::retention_loss, Fault::truncation},
          short_window_not_printed),
      mutant("R6", "unprovable_is_counted",
             "nobody can tell whether the event was there before, and it counts",
             {Fault::index_lost, Fault::retention_loss, Fault::late_event, Fault::producer_retry},
             [](WorldHooks& hooks) { hooks.handler = through<Handler, UnprovableCounted>(); }),
  };
}

}  // namespace weir::simulation
