// The simulation from the command line, and as the test of ctest.
//
//   simulation_test                       20,000 seeds; every promise of runner.h is checked
//   simulation_test --seeds N [--first N] [--workers N] [--progress]
//   simulation_test --seed N [--trace]    one seed; with --trace a line for each thing that happens
//   simulation_test --rivals [--seeds N] [--write FILE]
//                                         how often the naive gates charge wrongly, as Markdown; put
//                                         between <!-- rivals --> and <!-- /rivals --> of FILE
#include "base/log.h"
#include "tests/simulation/rivals.h"
#include "tests/simulation/runner.h"

#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <sstream>
#include <string_view>

namespace weir::simulation {
namespace {

struct Arguments {
  std::int64_t seeds = 0, first = 1, workers = 2;
  std::int64_t seed = -1;
  bool trace = false, progress = false, rivals = false;
  std::string write;
  bool wrong = false;
};

Arguments read_arguments(int argc, char** argv) {
  Arguments out;
  const auto number = [&](int& i) {
    std::int64_t value = 0;
    const std::string_view text = i + 1 < argc ? argv[++i] : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) out.wrong = true;
    return value;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--seeds")
      out.seeds = number(i);
    else if (name == "--first")
      out.first = number(i);
    else if (name == "--workers")
      out.workers = number(i);
    else if (name == "--seed")
      out.seed = number(i);
    else if (name == "--trace")
      out.trace = true;
    else if (name == "--progress")
      out.progress = true;
    else if (name == "--rivals")
      out.rivals = true;
    else if (name == "--write" && i + 1 < argc)
      out.write = argv[++i];
    else
      out.wrong = true;
  }
  return out;
}

int run_one(std::uint64_t seed, bool trace) {
  const Outcome outcome = run_seed(seed, {}, trace);
  fmt::print("seed {}: {} steps, {} closes, {} invoices, {} events, {} minor units\n", seed,
             outcome.steps, outcome.closes, outcome.invoices, outcome.events,
             outcome.charged_minor);
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (outcome.struck[i] > 0) fmt::print("  {} x {}\n", kFaultNames[i], outcome.struck[i]);
  }
  for (const std::string& text : outcome.violations) fmt::print("  VIOLATED {}\n", text);
  return outcome.violations.empty() ? 0 : 1;
}

int run_many(const Arguments& arguments, const char* program) {
  std::function<void(const Tally&)> progress;
  if (arguments.progress) {
    progress = [](const Tally& tally) {
      fmt::print(stderr, "\r{} seeds, {} steps, {} wrong charges, {} violated ", tally.seeds,
                 tally.steps, tally.wrong, tally.violations);
    };
  }
  const Tally tally = run_seeds(static_cast<std::uint64_t>(arguments.first), arguments.seeds,
                                static_cast<int>(arguments.workers), {}, progress);
  if (arguments.progress) fmt::print(stderr, "\n");
  print_shares(tally);
  if (!tally.violated.empty()) fmt::print("violated: {}\n", fmt::join(tally.violated, " "));
  for (std::size_t i = 0; i < tally.violated.size() && i < 5; ++i) {
    (void)run_one(tally.violated[i], false);
    fmt::print("  again: {} --seed {} --trace\n", program, tally.violated[i]);
  }
  const std::vector<std::string> missed = shortcomings(tally);
  for (const std::string& text : missed) fmt::print("FAILED: {}\n", text);
  return missed.empty() ? 0 : 1;
}

std::string rivals_table(const Arguments& arguments) {
  const auto first = static_cast<std::uint64_t>(arguments.first);
  const auto workers = static_cast<int>(arguments.workers);
  std::string table =
      fmt::format("| gate | seeds | charged wrongly | share |\n|---|---:|---:|---:|\n");
  const auto add = [&](const char* name, const WorldHooks& hooks) {
    const Tally tally = run_seeds(first, arguments.seeds, workers, hooks);
    table +=
        fmt::format("| {} | {} | {} | {:.1f} % |\n", name, tally.seeds, tally.wrong,
                    100.0 * static_cast<double>(tally.wrong) / static_cast<double>(tally.seeds));
  };
  for (const Rival rival : kRivals) add(name_of(rival), hooks_of(rival));
  add("**READY(T)**", {});
  return table;
}

/// Between the two marks of the page.
bool write_between_marks(const std::string& path, const std::string& table) {
  constexpr std::string_view kMark = "<!-- rivals -->";
  std::ifstream in(path);
  std::stringstream all;
  all << in.rdbuf();
  std::string page = all.str();
  const std::size_t begin = page.find(kMark);
  const std::size_t end =
      begin == std::string::npos ? begin : page.find("<!-- /rivals -->", begin + 1);
  if (end == std::string::npos) return false;
  page.replace(begin + kMark.size(), end - begin - kMark.size(), "\n" + table);
  std::ofstream(path) << page;
  return true;
}

int run_rivals(const Arguments& arguments) {
  const std::string table = rivals_table(arguments);
  fmt::print("{}", table);
  if (arguments.write.empty()) return 0;
  if (write_between_marks(arguments.write, table)) return 0;
  fmt::print(stderr, "{} has no marks <!-- rivals --> and <!-- /rivals -->\n", arguments.write);
  return 1;
}

int run(Arguments arguments, const char* program) {
  if (arguments.wrong) {
    fmt::print(stderr, "wrong argument; the head of simulation_test.cc names them\n");
    return 64;
  }
  if (arguments.seed >= 0) {
    return run_one(static_cast<std::uint64_t>(arguments.seed), arguments.trace);
  }
  if (arguments.seeds == 0) arguments.seeds = arguments.rivals ? 2000 : 20'000;
  return arguments.rivals ? run_rivals(arguments) : run_many(arguments, program);
}

}  // namespace
}  // namespace weir::simulation

int main(int argc, char** argv) {
  auto arguments = weir::simulation::read_arguments(argc, argv);
  if (std::string_view(argv[0]).ends_with("_bench")) arguments.progress = true;
  weir::start_log("simulation", "off", "json");
  return weir::simulation::run(arguments, argv[0]);
}
