// How many events a second go through the whole pipeline, and how does that compare with a bare
// consumer of the same topic? Rounds of all contestants in turn, so that a machine whose speed drifts
// slows them alike; each ratio is taken within its round. A wrong result ends the run with exit 1.
//
//   pipeline_bench [--events N] [--customers N] [--rounds N] [--seed N] [--only NAME]…
#include "bench/contestants.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fmt/format.h>

namespace weir::bench {
namespace {

struct Arguments {
  Load load;
  int rounds = 3;
  std::vector<std::string> only;
};

struct Series {
  Contestant contestant;
  std::vector<Taken> taken;  // by round
};

double rate(const Taken& taken) {
  return static_cast<double>(taken.events) * 1e6 / static_cast<double>(taken.wall_us);
}
double per_cpu_second(const Taken& taken) {
  return static_cast<double>(taken.events) * 1e6 / static_cast<double>(taken.cpu_us);
}

/// "min median max"
std::string spread(std::vector<double> values, const char* format) {
  std::sort(values.begin(), values.end());
  std::string text;
  for (const double value : {values.front(), values[values.size() / 2], values.back()}) {
    text += fmt::format(fmt::runtime(format), value);
  }
  return text;
}

void print_table(const std::vector<Series>& all) {
  fmt::print("\n{:<18}|{:^27}|{:^21}|{:>14} |{:>14}\n", "", "events/s: min median max",
             "x bare: min med max", "ev./CPU s (med)", "usage");
  const std::vector<Taken>& bare = all.front().taken;
  for (const Series& series : all) {
    std::vector<double> rates, ratios, per_cpu;
    for (std::size_t round = 0; round < series.taken.size(); ++round) {
      rates.push_back(rate(series.taken[round]));
      ratios.push_back(rates.back() / rate(bare[round]));
      per_cpu.push_back(per_cpu_second(series.taken[round]));
    }
    std::sort(per_cpu.begin(), per_cpu.end());
    fmt::print("{:<18}|{}|{}|{:>15.0f} |{:>14}\n", series.contestant.name,
               spread(rates, "{:>9.0f}"), spread(ratios, "{:>7.2f}"), per_cpu[per_cpu.size() / 2],
               series.taken.front().fingerprint);
  }
}

void print_run(int round, const Contestant& contestant, const Taken& taken) {
  fmt::print(
      "round {}  {:<17} {:>9} events  {:>7.3f} s wall  {:>7.3f} s CPU  {:>9.0f} events/s  {}\n",
      round + 1, contestant.name, taken.events, static_cast<double>(taken.wall_us) / 1e6,
      static_cast<double>(taken.cpu_us) / 1e6, rate(taken), taken.fingerprint);
  std::fflush(stdout);
}

std::vector<Series> chosen(const Arguments& arguments) {
  std::vector<Series> all;
  for (Contestant& contestant : contestants()) {
    const auto& only = arguments.only;
    const bool wanted = all.empty() || only.empty() ||
                        std::find(only.begin(), only.end(), contestant.name) != only.end();
    if (wanted) all.push_back({std::move(contestant), {}});
  }
  return all;
}

void run(const Arguments& arguments) {
  std::vector<Series> all = chosen(arguments);
  for (const Series& each : all) {
    fmt::print("{:<17} {}?\n", each.contestant.name, each.contestant.question);
  }
  fmt::print("\nfilling two topics of {} partitions, seed {}\n", arguments.load.partitions,
             arguments.load.seed);
  std::fflush(stdout);
  Stage stage(arguments.load);
  fmt::print("{} events and {} copies; {} JSON records, {} packed ones; {} rows of usage, {}\n\n",
             stage.expected().events, stage.expected().received - stage.expected().events,
             stage.json().records, stage.packed().records, stage.expected().usage.size(),
             fingerprint(stage.expected().usage));
  for (int round = 0; round < arguments.rounds; ++round) {
    for (Series& each : all) {
      each.taken.push_back(each.contestant.run(stage));
      print_run(round, each.contestant, each.taken.back());
    }
  }
  print_table(all);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::bench::Arguments arguments;
  CLI::App app("events a second through the whole pipeline, beside a bare consumer");
  app.add_option("--events", arguments.load.events, "distinct events")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--customers", arguments.load.customers, "whom the events are of, by Zipf")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rounds", arguments.rounds, "repetitions")->check(CLI::Range(1, 100));
  app.add_option("--seed", arguments.load.seed, "of the events")->check(CLI::Range(0, 1'000'000));
  app.add_option("--only", arguments.only, "contestants beside the baseline");
  CLI11_PARSE(app, argc, argv);
  try {
    weir::bench::run(arguments);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "pipeline_bench: {}\n", error.what());
    return 1;
  }
}
