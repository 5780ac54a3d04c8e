// A mutant: Weir with one rule weakened, by something that stands at an interface and tells the
// production code a little less than the truth, or does a little less than it asks. The simulation
// must catch each (mutants_test.cc).
#pragma once

#include "tests/simulation/simulation.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::simulation {

struct Mutant {
  std::string rule;     // "R11"
  std::string name;     // "fence_left_out"
  std::string history;  // how it charges wrongly
  /// Fresh hooks for a seed: what they remember belongs to that seed.
  std::function<WorldHooks()> hooks;
  /// What of the hooks is no weakening but the kind of deployment, such as one without producers
  /// that seal; the seed must be clean with this alone.
  std::function<void(WorldHooks&)> deployment = {};
};

// By where they stand.
std::vector<Mutant> ingest_mutants();    // the ledger, as a consumer's transaction sees it
std::vector<Mutant> identity_mutants();  // identity, lineage, the stream as a consumer sees it
std::vector<Mutant> gate_mutants();      // READY(T) and READY*(T)
std::vector<Mutant> close_mutants();     // the close
std::vector<Mutant> money_mutants();     // invoices and charges
std::vector<Mutant> producer_mutants();  // a gateway's stream
std::vector<Mutant> spool_mutants();     // a gateway's disk
std::vector<Mutant> operator_mutants();  // what operators decide
std::vector<Mutant> rebuild_mutants();   // what a rebuild is given
/// A ledger row doubled behind everybody's back: shows that the oracle is awake.
Mutant canary();

/// A hook that makes a `Wrapper` over what is real.
template <class Interface, class Wrapper>
Wrap<Interface> through() {
  return [](Interface& real, Scheduler&) -> std::unique_ptr<Interface> {
    return std::make_unique<Wrapper>(real);
  };
}

}  // namespace weir::simulation
