#include "tests/simulation/runner.h"

#include "base/result.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::simulation {
namespace {

constexpr std::size_t kViolatedMax = 100;

/// What a worker says of one seed; smaller than a pipe's atomic write.
struct Said {
  std::uint64_t seed = 0;
  std::int64_t steps = 0, closes = 0, invoices = 0, events = 0, charged_minor = 0;
  std::uint64_t struck = 0;  // a bit a fault
  bool after_fault = false, exact = false, wrong = false, violated = false;
};
static_assert(kFaults <= 64);

Said say(const Outcome& outcome) {
  Said said;
  said.seed = outcome.seed;
  said.steps = outcome.steps;
  said.closes = outcome.closes;
  said.invoices = outcome.invoices;
  said.events = outcome.events;
  said.charged_minor = outcome.charged_minor;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (outcome.struck[i] > 0) said.struck |= std::uint64_t{1} << i;
  }
  said.after_fault = outcome.charged_after_fault_minor > 0;
  said.exact = outcome.exact;
  said.wrong = outcome.wrong_charges > 0;
  said.violated = !outcome.violations.empty();
  return said;
}

void add(Tally& tally, const Said& said) {
  tally.least_closes = tally.seeds == 0 ? said.closes : std::min(tally.least_closes, said.closes);
  ++tally.seeds;
  tally.steps += said.steps;
  tally.closes += said.closes;
  tally.invoices += said.invoices;
  tally.events += said.events;
  tally.charged_minor += said.charged_minor;
  tally.charged_after_fault += said.after_fault ? 1 : 0;
  tally.exact += said.exact ? 1 : 0;
  tally.wrong += said.wrong ? 1 : 0;
  for (std::size_t i = 0; i < kFaults; ++i) tally.struck[i] += said.struck >> i & 1;
  if (!said.violated) return;
  ++tally.violations;
  if (tally.violated.size() < kViolatedMax) tally.violated.push_back(said.seed);
}

[[noreturn]] void work(int pipe, std::uint64_t first, std::int64_t count, int worker, int workers,
                       const WorldHooks& hooks) {
  for (std::int64_t i = worker; i < count; i += workers) {
    const Said said = say(run_seed(first + static_cast<std::uint64_t>(i), hooks));
    if (::write(pipe, &said, sizeof(said)) != sizeof(said)) ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

Tally run_seeds(std::uint64_t first, std::int64_t count, int workers, const WorldHooks& hooks,
                const std::function<void(const Tally&)>& progress) {
  int ends[2] = {-1, -1};
  WEIR_CHECK(::pipe(ends) == 0);
  std::fflush(stdout);
  std::vector<pid_t> children;
  for (int worker = 0; worker < workers; ++worker) {
    const pid_t child = ::fork();
    WEIR_CHECK(child >= 0);
    if (child == 0) work(ends[1], first, count, worker, workers, hooks);
    children.push_back(child);
  }
  ::close(ends[1]);
  Tally tally;
  Said said;
  while (::read(ends[0], &said, sizeof(said)) == sizeof(said)) {
    add(tally, said);
    if (progress && tally.seeds % 500 == 0) progress(tally);
  }
  ::close(ends[0]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  tally.lost = count - tally.seeds;
  return tally;
}

void print_shares(const Tally& tally) {
  const auto share = [&](std::int64_t of) {
    return tally.seeds == 0 ? 0.0
                            : 100.0 * static_cast<double>(of) / static_cast<double>(tally.seeds);
  };
  fmt::print("{:<28} {:>8} {:>7}\n", "fault that struck", "seeds", "share");
  for (std::size_t i = 0; i < kFaults; ++i) {
    fmt::print("{:<28} {:>8} {:>6.1f}%\n", kFaultNames[i], tally.struck[i], share(tally.struck[i]));
  }
  fmt::print("{:<28} {:>8} {:>6.1f}%\n", "charged after a fault", tally.charged_after_fault,
             share(tally.charged_after_fault));
  fmt::print("{:<28} {:>8} {:>6.1f}%\n", "exact to the unit", tally.exact, share(tally.exact));
  fmt::print("{} seeds, {} steps, {} events, {} closes (at least {} a seed), {} invoices\n",
             tally.seeds, tally.steps, tally.events, tally.closes, tally.least_closes,
             tally.invoices);
  fmt::print("wrong charges: {}\n", tally.wrong);
}

std::vector<std::string> shortcomings(const Tally& tally) {
  constexpr std::int64_t kLeastCloses = 2, kMeanCloses = 8;
  std::vector<std::string> found;
  if (tally.lost > 0) found.push_back(fmt::format("{} seeds ended without a word", tally.lost));
  if (tally.violations > 0) found.push_back(fmt::format("{} seeds violated", tally.violations));
  if (tally.closes < kMeanCloses * tally.seeds || tally.least_closes < kLeastCloses) {
    found.push_back("too few closes");
  }
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (tally.struck[i] * 20 < tally.seeds) {
      found.push_back(fmt::format("{} strikes in less than 5 % of the seeds", kFaultNames[i]));
    }
  }
  if (tally.charged_after_fault * 2 < tally.seeds) {
    found.push_back("less than half of the seeds charge after a fault");
  }
  return found;
}

}  // namespace weir::simulation
