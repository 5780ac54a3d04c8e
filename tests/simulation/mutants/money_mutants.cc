#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/through.h"

namespace weir::simulation {
namespace {

/// Late units are priced as if nothing of their period had been billed.
class NoDifference : public BillThrough {
 public:
  using BillThrough::BillThrough;
  Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t close) override {
    auto billable = real_->read_billable(close);
    if (!billable) return billable;
    for (BillablePeriod& period : (*billable)->periods) {
      for (MeterUnits& meter : period.meters) meter.billed_earlier = {};
    }
    return billable;
  }
};

/// Late units are priced on their own: tiers start anew.
class TiersAnew : public BillThrough {
 public:
  using BillThrough::BillThrough;
  Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t close) override {
    auto billable = real_->read_billable(close);
    if (!billable) return billable;
    for (BillablePeriod& period : (*billable)->periods) {
      for (MeterUnits& meter : period.meters) {
        meter.known = meter.added;
        meter.billed_earlier = {};
      }
    }
    return billable;
  }
};

/// A provider that knows no keys, asked by somebody who does not ask: each attempt is a new charge.
class NeverAsked : public Provider {
 public:
  NeverAsked(Provider& real, std::shared_ptr<int> attempts)
      : real_(real), attempts_(std::move(attempts)) {}
  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline d) override {
    ChargeOrder attempt = order;
    attempt.key += "-" + std::to_string(++*attempts_);
    return real_.charge(attempt, d);
  }
  Result<std::optional<ChargeReceipt>> find(const std::string&, Deadline) override {
    return std::optional<ChargeReceipt>();
  }

 private:
  Provider& real_;
  std::shared_ptr<int> attempts_;
};

/// `sent` is written only after the provider answered, and the provider knows no keys: who dies
/// between has taken a charge that looks planned.
class SentAfterwards : public ChargesThrough {
 public:
  using ChargesThrough::ChargesThrough;
  Result<bool> move(const std::string& key, ChargeState from, ChargeState to,
                    const std::string& detail, Deadline d) override {
    if (to == ChargeState::sent) return true;
    if (from != ChargeState::sent) return real_.move(key, from, to, detail, d);
    WEIR_TRY(late(key, d));
    return real_.move(key, from, to, detail, d);
  }
  Result<bool> settle(const OpenCharge& charge, const std::string& reference, Deadline d) override {
    if (charge.state == ChargeState::sent) WEIR_TRY(late(charge.order.key, d));
    return real_.settle(charge, reference, d);
  }

 private:
  Status late(const std::string& key, Deadline d) {
    for (const ChargeState from : {ChargeState::planned, ChargeState::unknown}) {
      const auto moved = real_.move(key, from, ChargeState::sent, "", d);
      if (!moved) return moved.error();
      if (*moved) return {};
    }
    return {};
  }
};

void never_asked(WorldHooks& hooks) {
  auto attempts = std::make_shared<int>(0);
  hooks.provider = [attempts](Provider& real, Scheduler&) -> std::unique_ptr<Provider> {
    return std::make_unique<NeverAsked>(real, attempts);
  };
}

/// Finds a charge by the key it was asked for, though each attempt had a key of its own.
class KeyOfAttempt : public Provider {
 public:
  using Keys = std::map<std::string, std::string>;  // key → of the last attempt
  KeyOfAttempt(Provider& real, std::shared_ptr<Keys> keys) : real_(real), keys_(std::move(keys)) {}
  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline d) override {
    ChargeOrder attempt = order;
    std::string& key = (*keys_)[order.key];
    key = attempt.key = (key.empty() ? order.key : key) + "'";
    return real_.charge(attempt, d);
  }
  Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline d) override {
    const auto found = keys_->find(key);
    return real_.find(found == keys_->end() ? key : found->second, d);
  }

 private:
  Provider& real_;
  std::shared_ptr<Keys> keys_;
};

void sent_afterwards(WorldHooks& hooks) {
  hooks.charges = through<ChargeStore, SentAfterwards>();
  auto keys = std::make_shared<KeyOfAttempt::Keys>();
  hooks.provider = [keys](Provider& real, Scheduler&) -> std::unique_ptr<Provider> {
    return std::make_unique<KeyOfAttempt>(real, keys);
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

std::vector<Mutant> money_mutants() {
  return {
      mutant("R12", "late_lines_not_by_difference",
             "one late event, and the whole period is billed again", {Fault::late_event},
             [](WorldHooks& hooks) {
               hooks.bills = through<BillStore, BillsThrough<NoDifference>>();
             }),
      mutant(
          "R12", "late_units_rated_alone", "a late event is priced by the first tier again",
          {Fault::late_event},
          [](WorldHooks& hooks) { hooks.bills = through<BillStore, BillsThrough<TiersAnew>>(); }),
      mutant("R18", "unknown_retried_without_asking",
             "the reply was lost, not the charge: it is taken twice", {Fault::provider_reply_lost},
             never_asked),
      mutant("R18", "sent_not_committed_first",
             "the run dies behind the provider's answer, and the next one takes it for planned",
             {Fault::biller_crash, Fault::provider_reply_lost}, sent_afterwards),
  };
}

}  // namespace weir::simulation
