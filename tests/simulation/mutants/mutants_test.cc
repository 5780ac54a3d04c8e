// Each mutant is caught by the simulation, and each says after how many seeds. One that lives through
// its budget fails this test: then the world or the oracle is too weak.
#include "tests/simulation/mutants/mutant.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::simulation {
namespace {

constexpr std::uint64_t kBudget = 20'000;

struct Catch {
  std::uint64_t seeds = 0;  // that it took; 0: it lives
  std::string violation;
};

/// The seed with the same faults and nothing weakened.
bool clean_without(const Mutant& mutant, std::uint64_t seed) {
  WorldHooks faults_only;
  faults_only.favour = mutant.hooks().favour;
  return run_seed(seed, faults_only).violations.empty();
}

Catch hunt(const Mutant& mutant, std::uint64_t budget) {
  for (std::uint64_t seed = 1; seed <= budget; ++seed) {
    const Outcome outcome = run_seed(seed, mutant.hooks());
    if (outcome.violations.empty() || !clean_without(mutant, seed)) continue;
    return {seed, outcome.violations.front()};
  }
  return {};
}

std::vector<Mutant> all() {
  std::vector<Mutant> mutants;
  for (auto&& some : {ingest_mutants(), identity_mutants(), gate_mutants(), close_mutants(),
                      money_mutants(), producer_mutants(), operator_mutants()}) {
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
  const Catch caught = hunt(mutant, kBudget);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  ASSERT_GT(caught.seeds, 0u) << mutant.rule << " " << mutant.name << " lives: " << mutant.history;
  fmt::print("{} {:<32} caught after {} seeds, {:.1f} s: {}\n", mutant.rule, mutant.name,
             caught.seeds, seconds, caught.violation);
  std::fflush(stdout);
}

TEST(Canary, is_caught_on_the_first_seed_that_bills) {
  const Catch caught = hunt(canary(), 1);
  EXPECT_EQ(caught.seeds, 1u);
}

TEST(Nobody, is_caught_where_no_rule_is_weakened) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Outcome outcome = run_seed(seed);
    EXPECT_TRUE(outcome.violations.empty()) << seed << ": " << outcome.violations.front();
  }
}

}  // namespace
}  // namespace weir::simulation
