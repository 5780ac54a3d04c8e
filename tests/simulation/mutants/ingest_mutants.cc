#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/slow_eye.h"
#include "tests/simulation/mutants/through.h"

namespace weir::simulation {
namespace {

Deadline soon() { return Deadline::in(std::chrono::seconds(10)); }

/// A hook whose ingest transactions are `Ingest`s over the real ones.
template <class Ingest>
Wrap<Store> each_ingest() {
  return [](Store& real, Scheduler&) -> std::unique_ptr<Store> {
    return std::make_unique<IngestWrapped>(
        real, [](std::unique_ptr<IngestTransaction> tx, Store& store) {
          return std::unique_ptr<IngestTransaction>(std::make_unique<Ingest>(std::move(tx), store));
        });
  };
}

class Ingest : public IngestThrough {
 public:
  Ingest(std::unique_ptr<IngestTransaction> real, Store& store)
      : IngestThrough(std::move(real)), store_(store) {}

 protected:
  Store& store_;
};

class NoCompareAndSet : public Ingest {
 public:
  using Ingest::Ingest;
  Result<bool> advance_progress(Incarnation i, PartitionId p, Offset a, Offset b) override {
    const Result<bool> moved = real_->advance_progress(i, p, a, b);
    if (!moved || *moved) return moved;
    const auto next = store_.read_next(i, p, soon());
    if (!next || !*next) return moved;
    return real_->advance_progress(i, p, **next, b);
  }
};

class ClosedUntilFirst : public Ingest {
 public:
  using Ingest::Ingest;
  Result<bool> advance_progress(Incarnation i, PartitionId p, Offset a, Offset b) override {
    if (!read_) {
      auto closed_until = real_->read_closed_until();
      if (!closed_until) return closed_until.error();
      read_ = *closed_until;
    }
    return real_->advance_progress(i, p, a, b);
  }
  Result<std::int64_t> read_closed_until() override { return *read_; }

 private:
  std::optional<std::int64_t> read_;
};

class LateIsUsage : public Ingest {
 public:
  using Ingest::Ingest;
  Result<std::int64_t> read_closed_until() override { return std::int64_t{0}; }
};

class PoisonSkipped : public Ingest {
 public:
  using Ingest::Ingest;
  Status add_quarantine_records(Incarnation, std::span<const Quarantined>) override { return {}; }
  Status add_quarantine(Incarnation, std::span<const Quarantined>) override { return {}; }
};

class HolesForgotten : public Ingest {
 public:
  using Ingest::Ingest;
  Status write_numbers(Incarnation i, std::span<const NumberChange> changes) override {
    std::vector<NumberChange> highest(changes.begin(), changes.end());
    for (NumberChange& change : highest) change.holes.clear();
    return real_->write_numbers(i, highest);
  }
};

class UsageDoubled : public Ingest {
 public:
  using Ingest::Ingest;
  Result<std::vector<std::string>> add_usage(Incarnation i, const UsageDeltas& deltas) override {
    UsageDeltas twice = deltas;
    for (std::int64_t& units : twice.units) units *= 2;
    return real_->add_usage(i, twice);
  }
};

template <class Of>
Mutant mutant(std::string rule, std::string name, std::string history, std::set<Fault> favour) {
  return {std::move(rule), std::move(name), std::move(history), [favour = std::move(favour)] {
            WorldHooks hooks;
            hooks.store = each_ingest<Of>();
            look_slowly(hooks);
            hooks.favour = favour;
            return hooks;
          }};
}

}  // namespace

std::vector<Mutant> ingest_mutants() {
  return {
      mutant<NoCompareAndSet>("R3", "no_compare_and_set",
                              "a consumer that was frozen writes its batch a second time",
                              {Fault::zombie_consumer}),
      mutant<ClosedUntilFirst>("R3", "closed_until_before_step_1",
                               "the close commits between, and the event is usage in a frozen "
                               "bucket: never billed",
                               {Fault::late_event, Fault::slow_partition}),
      mutant<LateIsUsage>("R3", "late_events_are_usage",
                          "what came after the close lies in a frozen bucket: never billed",
                          {Fault::late_event}),
      mutant<PoisonSkipped>("R4", "poison_is_skipped",
                            "an event that stood in the wrong place is gone without a row",
                            {Fault::poison}),
      mutant<HolesForgotten>(
          "R13", "holes_forgotten",
          "the stream loses a gateway's records, and the highest number hides it",
          {Fault::truncation}),
  };
}

Mutant canary() { return mutant<UsageDoubled>("--", "canary", "a ledger row counts twice", {}); }

}  // namespace weir::simulation
