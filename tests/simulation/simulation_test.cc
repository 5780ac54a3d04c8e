// The simulation, seed by seed. See simulation.h.
#include "tests/simulation/simulation.h"

#include "base/log.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  weir::start_log("simulation", "off", "json");
  const long first = argc > 1 ? std::atol(argv[1]) : 1;
  const long count = argc > 2 ? std::atol(argv[2]) : 1;
  const bool trace = argc > 3;
  for (long seed = first; seed < first + count; ++seed) {
    const auto out = weir::simulation::run_seed(static_cast<std::uint64_t>(seed), {}, trace);
    std::printf("seed %ld: %ld steps, %ld closes, %ld invoices, %ld events, %ld minor\n", seed,
                out.steps, out.closes, out.invoices, out.events, out.charged_minor);
    for (const auto& text : out.violations) std::printf("  VIOLATED %s\n", text.c_str());
  }
}
