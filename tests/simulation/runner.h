// Many seeds, by some worker processes at once; what they came to, together.
#pragma once

#include "tests/simulation/simulation.h"

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir::simulation {

struct Tally {
  std::int64_t seeds = 0, steps = 0, closes = 0, least_closes = 0, invoices = 0, events = 0;
  std::int64_t charged_minor = 0;
  std::int64_t charged_after_fault = 0;        // seeds that charged something after the first fault
  std::int64_t exact = 0;                      // seeds whose bill had to match to the unit
  std::int64_t wrong = 0;                      // seeds that charged wrongly
  std::array<std::int64_t, kFaults> struck{};  // seeds in which it had an effect
  std::vector<std::uint64_t> violated;         // seeds, in which anything was; the first hundred
  std::int64_t violations = 0;                 // all such seeds
  std::int64_t lost = 0;                       // seeds whose worker died
};

/// `progress` hears of the tally now and then. Fork: call it while there is one thread.
Tally run_seeds(std::uint64_t first, std::int64_t count, int workers, const WorldHooks& hooks,
                const std::function<void(const Tally&)>& progress = {});

/// Shares of the seeds, one line a fault; and what the run must have reached at the least.
void print_shares(const Tally& tally);
std::vector<std::string> shortcomings(const Tally& tally);

}  // namespace weir::simulation
