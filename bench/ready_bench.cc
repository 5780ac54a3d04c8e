// How long does READY take when there is no backlog, at 64 partitions? (Target: at most 2 s.)
//
//   ready_bench [--partitions N] [--rounds N]
//
// Real Kafka, real PostgreSQL, weir-quota consuming. Each round waits for a new edge T and runs
// `weir-billing check` twice, as whole processes: the first writes a barrier into every partition and
// waits until the consumer has applied them all; the second finds them recorded and passed: the
// baseline (process, connections, looks at broker and database). Ends with exit 1 when READY is not
// reached.
//
// First figures: see bench/README.md.
#include "base/time.h"
#include "bench/must.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <fmt/format.h>
#include <thread>

namespace weir::bench {
namespace {

constexpr std::int64_t kBucketUs = 5 * kMicrosPerSecond;
constexpr std::int64_t kGraceUs = 3 * kMicrosPerSecond;

std::int64_t now_us() { return system_clock().now().value; }

/// Until a moment after which a new T stands, and no other for as long as a round takes.
void wait_for_edge() {
  const std::int64_t since_edge_us = (now_us() - kGraceUs) % kBucketUs;
  std::this_thread::sleep_for(Micros(kBucketUs - since_edge_us + 50'000));
}

double check(test::Deployment& weir) {
  const auto start = std::chrono::steady_clock::now();
  const test::Finished run = weir.run("weir-billing", {"check"});
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (run.exit_code != 0) give_up("not READY: " + run.out + run.err);
  return seconds;
}

void run(int partitions, int rounds) {
  test::DeploymentOptions options;
  options.partitions = partitions;
  options.bucket = "5s";
  test::Deployment weir(options);
  weir.apply_catalog(test::one_price({"s1"}, "hour", "0.01", now_us() / kBucketUs * kBucketUs));
  weir.api_key("acme");
  const auto quota = weir.start("weir-quota", {"run"}, "quota");
  // A check waits for a consumer that has begun, not for one that never has.
  const bool begun = test::eventually(std::chrono::seconds(60), [&] {
    return weir.sql_number("select count(*) from quota.progress") == partitions;
  });
  if (!begun) give_up("weir-quota has not taken every partition: " + quota->err());
  wait_for_edge();
  check(weir);
  for (int round = 0; round < rounds; ++round) {
    wait_for_edge();
    const double ready = check(weir);
    const double base = check(weir);
    fmt::print("round {}  READY at {} partitions {:>6.3f} s   baseline {:>6.3f} s   {:>5.2f} x\n",
               round + 1, partitions, ready, base, ready / base);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  int partitions = 64;
  int rounds = 5;
  CLI::App app("how long READY takes without a backlog");
  app.add_option("--partitions", partitions, "of the topic")->check(CLI::Range(1, 1000));
  app.add_option("--rounds", rounds, "repetitions")->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);
  try {
    weir::bench::run(partitions, rounds);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "ready_bench: {}\n", error.what());
    return 1;
  }
}
