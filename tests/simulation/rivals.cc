#include "tests/simulation/rivals.h"

#include "tests/contract/billing/pass_through.h"
#include "tests/simulation/world.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr std::int64_t kBucketUs = 15 * kMinuteUs;

struct State {
  Rival rival;
  World* world = nullptr;

  std::int64_t grace_us() const { return rival == Rival::wait_one_hour ? kHourUs : 0; }
  std::int64_t now_us() const { return world->engine.true_us() + world->database_machine.skew_us; }
  /// What it would close now.
  std::int64_t edge_us() const {
    const std::int64_t latest = now_us() - grace_us();
    return latest - latest % kBucketUs;
  }
  bool believes() const {
    switch (rival) {
      case Rival::newest_is_recent:
        return newest_applied() >= edge_us();
      case Rival::lag_is_zero:
        return lag() == 0;
      case Rival::wait_one_hour:
        return true;  // its T is an hour old
    }
    return false;
  }

 private:
  template <class Visit>
  void each_partition(Visit visit) const {
    const auto& quota = world->database.quota();
    const auto incarnation = quota.deployment.committed(kOne)->incarnation.value;
    for (std::int32_t p = 0; p < world->plan.partitions; ++p) {
      if (const auto* row = quota.progress.committed({incarnation, p})) visit(p, *row);
    }
  }
  std::int64_t newest_applied() const {
    std::int64_t newest = 0;
    each_partition([&](std::int32_t, const ProgressRow& row) {
      newest = std::max(newest, row.newest_append_us.value_or(0));
    });
    return newest;
  }
  std::int64_t lag() const {
    std::int64_t lag = 0;
    each_partition([&](std::int32_t p, const ProgressRow& row) {
      const std::int64_t end = world->stream.log().bounds(PartitionId{p}).end.value;
      const std::int64_t told = world->stream.lies() ? end + world->stream.lie : end;
      lag += std::max<std::int64_t>(0, told - row.next);
    });
    return lag;
  }
};

std::vector<WrittenBarrier> invented(const State& state, std::int32_t incarnation,
                                     std::int64_t t_us) {
  std::vector<WrittenBarrier> barriers;
  const std::int64_t at = std::max(state.now_us(), t_us + state.grace_us());
  for (std::int32_t p = 0; p < state.world->plan.partitions; ++p) {
    barriers.push_back({t_us, incarnation, p, 0, at, at, at});
  }
  return barriers;
}

class RivalGateStore : public GateStore {
 public:
  RivalGateStore(GateStore& real, std::shared_ptr<State> state)
      : real_(real), state_(std::move(state)) {}
  Result<std::int64_t> clock_us(Deadline d) override { return real_.clock_us(d); }
  Result<QuotaDeployment> deployment(Deadline d) override {
    auto deployment = real_.deployment(d);
    if (deployment) {
      deployment->grace_us = state_->grace_us();
      deployment->delivery_timeout_us = deployment->permitted_future_us = 0;  // no floor for G
    }
    return deployment;
  }
  Result<std::vector<QuotaPartition>> progress(std::int32_t i, Deadline d) override {
    return real_.progress(i, d);
  }
  Result<std::vector<QuotaBlocker>> blockers(Deadline) override {
    return std::vector<QuotaBlocker>();
  }
  Result<std::int64_t> unprovable_count(Deadline d) override { return real_.unprovable_count(d); }
  Result<QuotaProducers> producers(Deadline) override { return QuotaProducers(); }
  Result<std::vector<Override>> overrides(Deadline d) override { return real_.overrides(d); }
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation, std::int64_t after_us,
                                               Deadline) override {
    const bool yes = state_->edge_us() > after_us && state_->believes();
    return yes ? invented(*state_, incarnation, state_->edge_us()) : std::vector<WrittenBarrier>();
  }
  Status record_barriers(std::span<const WrittenBarrier>, Deadline) override { return {}; }
  Result<std::optional<CloseHead>> last_close(Deadline d) override { return real_.last_close(d); }
  Result<std::optional<BillingCatalog>> catalog(Deadline d) override { return real_.catalog(d); }

 private:
  GateStore& real_;
  std::shared_ptr<State> state_;
};

class RivalClose : public PassThroughClose {
 public:
  RivalClose(std::unique_ptr<CloseTransaction> real, std::shared_ptr<State> state)
      : PassThroughClose(std::move(real)), state_(std::move(state)) {}
  Result<QuotaDeployment> deployment() override {
    auto deployment = real_->deployment();
    if (deployment) {
      deployment->grace_us = state_->grace_us();
      deployment->delivery_timeout_us = deployment->permitted_future_us = 0;  // no floor for G
    }
    return deployment;
  }
  Result<std::vector<QuotaBlocker>> blockers() override { return std::vector<QuotaBlocker>(); }
  Result<QuotaProducers> producers() override { return QuotaProducers(); }
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation,
                                               std::int64_t t_us) override {
    return invented(*state_, incarnation, t_us);
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

const char* name_of(Rival rival) {
  switch (rival) {
    case Rival::newest_is_recent:
      return "the newest event is recent";
    case Rival::lag_is_zero:
      return "lag is zero";
    case Rival::wait_one_hour:
      return "wait one hour";
  }
  return "?";
}

WorldHooks hooks_of(Rival rival) {
  auto state = std::make_shared<State>(State{rival});
  WorldHooks hooks;
  hooks.before_billing = [state](World& world) { state->world = &world; };
  hooks.gate_store = [state](GateStore& real, Scheduler&) {
    return std::make_unique<RivalGateStore>(real, state);
  };
  hooks.closes = [state](CloseStore& real, Scheduler&) {
    return std::make_unique<WrappedCloses>(real, [state](std::unique_ptr<CloseTransaction> tx) {
      return std::make_unique<RivalClose>(std::move(tx), state);
    });
  };
  return hooks;
}

}  // namespace weir::simulation
