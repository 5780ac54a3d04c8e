// Each mutant is caught by the simulation, and each says after how many seeds. One that lives through
// its budget fails this test: then the world or the oracle is too weak.
#include "base/log.h"
#include "tests/simulation/mutants/mutant.h"
#include "tests/simulation/mutants/slow_eye.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::simulation {
namespace {

/// WEIR_MUTANT_SEEDS makes it smaller, for a first look.
std::uint64_t budget() {
  const char* fewer = std::getenv("WEIR_MUTANT_SEEDS");
  return fewer == nullptr ? 20'000 : std::strtoull(fewer, nullptr, 10);
}

struct Catch {
  std::uint64_t seeds = 0;  // that it took; 0: it lives
  std::string violation;
};

/// A mutant that only holds for ever charges nobody wrongly, and one that a rebuild speaks of is noticed.
bool about_money(const std::string& violation) {
  return !violation.starts_with("liveness") && !violation.starts_with("the rebuild says");
}

/// The first violation that is about money. That a rebuild, whose parts are not weakened, comes to
/// another ledger than a weakened one counts for R17 alone.
std::string wrong_money(const Mutant& mutant, const Outcome& outcome) {
  for (const std::string& violation : outcome.violations) {
    const bool rebuilt = violation.starts_with("rebuilt ");
    if (about_money(violation) && rebuilt == (mutant.rule == "R17")) return violation;
  }
  return "";
}

/// The seed with the same faults and nothing weakened.
bool clean_without(const Mutant& mutant, std::uint64_t seed) {
  WorldHooks faults_only;
  faults_only.favour = mutant.hooks().favour;
  if (mutant.deployment) mutant.deployment(faults_only);
  look_slowly(faults_only);
  return run_seed(seed, faults_only).violations.empty();
}

Catch hunt(const Mutant& mutant, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = run_seed(seed, mutant.hooks());
    const std::string wrong = wrong_money(mutant, outcome);
    if (wrong.empty() || !clean_without(mutant, seed)) continue;
    return {seed, wrong};
  }
  return {};
}

/// The code under test logs as it goes; nobody reads it here.
const bool kQuiet = [] {
  start_log("mutants", "off", "json");
  return true;
}();

std::vector<Mutant> all() {
  std::vector<Mutant> mutants;
  for (auto&& some :
       {ingest_mutants(), identity_mutants(), gate_mutants(), close_mutants(), money_mutants(),
        producer_mutants(), spool_mutants(), operator_mutants(), rebuild_mutants()}) {
    mutants.insert(mutants.end(), some.begin(), some.end());
  }
  return mutants;
}

class Mutants : public ::testing::TestWithParam<Mutant> {};

INSTANTIATE_TEST_SUITE_P(Each, Mutants, ::testing::ValuesIn(all()),
                         [](const auto& of) { return of.param.rule + "_" + of.param.name; });

TEST_P(Mutants, is_caught) {
  const Mutant& mutant = GetParam();
  const auto begun = std::chrono::steady_clock::now();
  const Catch caught = hunt(mutant, budget());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  ASSERT_GT(caught.seeds, 0u) << mutant.rule << " " << mutant.name << " lives: " << mutant.history;
  fmt::print("{} {:<32} caught after {} seeds, {:.1f} s: {}\n", mutant.rule, mutant.name,
             caught.seeds, seconds, caught.violation);
  std::fflush(stdout);
}

TEST(Canary, is_caught_on_the_first_seed_that_bills) {
  ASSERT_TRUE(kQuiet);
  const Catch caught = hunt(canary(), 1);
  EXPECT_EQ(caught.seeds, 1u);
}

}  // namespace
}  // namespace weir::simulation
