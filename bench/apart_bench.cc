// How much does one noisy tenant move the others? (Target: their p99 by less than 20 %.) And does a hot
// subscription make its partition fall behind? (Target: no; half of 7,000 events/s.)
//
//   apart_bench [--routes N] [--rounds N] [--seconds N] [--hot-seconds N] [--unlimited] [--smoke]
//
// Real processes on the real broker and PostgreSQL. First the noisy tenant's events with distinct
// routes are put in, so that they are there in every phase. Then phases in turn: quiet, noisy, quiet,
// noisy, …. In each, three quiet tenants watch how fresh quota is and ask a dashboard's question;
// in the noisy ones another sends 100 times their traffic, each event with a route of its own, and asks
// the heaviest question there is, four at a time. A ratio is of a noisy phase to the quiet one before
// it; what counts is the median over the rounds. The budget of bytes a minute is set for the data that
// is there, as an operator would; --unlimited leaves it out.
//
// Exit 1 when a target is missed. Figures: bench/README.md.
#include "base/digest.h"
#include "bench/must.h"
#include "bench/tenants.h"
#include "tests/integration/deployment.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <map>

namespace weir::bench {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr double kRatioMax = 1.2;
constexpr std::int64_t kHotPerSecond = 7000;
constexpr double kDrainSecondsMax = 3;
constexpr int kQuiet = 3;

struct Arguments {
  std::int64_t routes = 1'000'000;
  int rounds = 5;
  int seconds = 15;
  int hot_seconds = 30;
  bool unlimited = false;
  bool smoke = false;
};

std::string catalog(const std::vector<Tenant>& tenants) {
  std::string toml;
  const std::string from = format_rfc3339(test::now_second_us() - 3600 * kMicrosPerSecond);
  for (const Tenant& tenant : tenants) {
    toml += fmt::format(
        "[[tenant]]\nid = \"{0}\"\n[[meter]]\ntenant = \"{0}\"\nid = \"requests\"\naggregate = "
        "\"count\"\n[[plan]]\ntenant = \"{0}\"\nid = \"metered\"\ncurrency = \"EUR\"\nperiod = "
        "\"day\"\n[[plan.price]]\nmeter = \"requests\"\nper_unit = \"0.01\"\n[[customer]]\ntenant "
        "= "
        "\"{0}\"\nid = \"c\"\n[[subscription]]\ntenant = \"{0}\"\nid = \"{1}\"\ncustomer = "
        "\"c\"\nplan = \"metered\"\nfrom = \"{2}\"\n",
        tenant.name, tenant.subscription, from);
  }
  return toml;
}

/// A Weir with its tenants, and doors that are open.
class Stand {
 public:
  explicit Stand(const Arguments& arguments) : arguments_(arguments), weir_(options()) {
    for (int i = 0; i < kQuiet; ++i) add(fmt::format("quiet-{}", i));
    add("noisy");
    weir_.apply_catalog(catalog(tenants_));
    start("ingest", "weir-ingest", "serve");
    start("quota", "weir-quota", "run");
    start("segments", "weir-analytics", "consume");
    start("compact", "weir-analytics", "compact");
    start("queries", "weir-analytics", "serve");
    doors_ = {url("ingest"), url("quota"), url("queries")};
  }

  void fill();
  Seen& phase(bool noisy, Seen& seen);
  /// Throws when what was taken is not what was counted.
  bool hot();

 private:
  static test::DeploymentOptions options() {
    test::DeploymentOptions options;
    options.bucket = "15m";
    return options;
  }
  void add(const std::string& name) {
    tenants_.push_back({name, weir_.api_key(name), "sub-of-" + name});
  }
  void start(const std::string& name, const std::string& binary, const std::string& word) {
    // Options of one process that are no line of the shared configuration.
    if (name == "queries" && !arguments_.unlimited) {
      ::setenv("WEIR_ANALYTICS_QUERY_BYTES_PER_MINUTE", "33554432", 1);
    }
    processes_[name] = weir_.start(binary, {word}, name);
    ::unsetenv("WEIR_ANALYTICS_QUERY_BYTES_PER_MINUTE");
  }
  std::string url(const std::string& name) { return weir_.url_of(*processes_[name]); }
  void wait_until_applied() {
    const bool done = test::eventually(seconds(300), [&] {
      const std::int64_t end = weir_.log_end();
      return weir_.applied_to() == end && weir_.analytics_applied_to() == end;
    });
    if (!done) give_up("not applied within 300 s");
  }
  void send(const Tenant& tenant, std::vector<std::string>& events);

  const Arguments arguments_;
  test::Deployment weir_;
  std::map<std::string, std::unique_ptr<test::ChildProcess>> processes_;
  std::vector<Tenant> tenants_;  // the noisy one last
  Doors doors_;
};

void Stand::send(const Tenant& tenant, std::vector<std::string>& events) {
  std::string body;
  for (const std::string& event : events) body += (body.empty() ? "[" : ",") + event;
  HttpClient client;
  const HttpReply reply = must(client.post(doors_.ingest + "/v1/events", headers_of(tenant),
                                           body + "]", Deadline::in(seconds(30))));
  if (reply.status != 202) give_up("events got " + reply.body.substr(0, 300));
  events.clear();
}

void Stand::fill() {
  std::vector<std::string> events;
  for (std::int64_t i = 0; i < arguments_.routes; ++i) {
    events.push_back(
        event_json(tenants_.back(), "f" + std::to_string(i), "/r/" + std::to_string(i)));
    if (events.size() == 5000) send(tenants_.back(), events);
  }
  if (!events.empty()) send(tenants_.back(), events);
  wait_until_applied();
}

Seen& Stand::phase(bool noisy, Seen& seen) {
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::string failed;
  std::vector<std::thread> actors;
  const auto act = [&](auto actor, auto... more) {
    actors.emplace_back([&, actor, more...] {
      try {
        actor(more..., stop, seen);
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        failed = error.what();
      }
    });
  };
  for (int i = 0; i < kQuiet; ++i) act(watch_freshness, doors_, tenants_[i]);
  act(watch_queries, doors_, tenants_[0]);
  if (noisy) {
    // The quiet ones send a handful each second.
    act(flood, doors_, tenants_.back(), std::int64_t{1000});
    for (int i = 0; i < 4; ++i) act(ask_heavily, doors_, tenants_.back());
  }
  std::this_thread::sleep_for(seconds(arguments_.seconds));
  stop = true;
  for (std::thread& actor : actors) actor.join();
  if (!failed.empty()) give_up(failed);
  wait_until_applied();
  return seen;
}

/// A sender at a steady pace: half of its events are the hot subscription's.
void send_hot(const Doors& doors, const Tenant& tenant, std::int64_t per_second,
              const std::atomic<bool>& stop, std::atomic<std::int64_t>& accepted) {
  HttpClient client;
  auto next = steady_clock::now();
  for (std::int64_t n = 0; !stop;) {
    std::string body;
    for (std::int64_t i = 0; i < per_second / 10; ++i, ++n) {
      Tenant whose = tenant;
      whose.subscription = n % 2 == 0 ? "hot" : fmt::format("cool-{}", n % 200);
      body += (body.empty() ? "[" : ",") + event_json(whose, random_hex(8), "/hot");
    }
    const HttpReply reply = must(client.post(doors.ingest + "/v1/events", headers_of(tenant),
                                             body + "]", Deadline::in(seconds(30))));
    if (reply.status == 202) accepted += per_second / 10;
    next += std::chrono::milliseconds(100);
    std::this_thread::sleep_until(next);
  }
}

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

bool Stand::hot() {
  const std::int64_t before = weir_.counted_units();
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> accepted = 0;
  std::vector<std::thread> senders;
  for (int i = 0; i < 2; ++i) {
    senders.emplace_back([&] {
      try {
        send_hot(doors_, tenants_.back(), kHotPerSecond / 2, stop, accepted);
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
      }
    });
  }
  const auto begun = steady_clock::now();
  std::int64_t most[2] = {0, 0};  // events behind, in each half
  while (seconds_since(begun) < arguments_.hot_seconds) {
    const std::int64_t counted = weir_.counted_units() - before;
    const int half = seconds_since(begun) < arguments_.hot_seconds / 2.0 ? 0 : 1;
    most[half] = std::max(most[half], accepted.load() - counted);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const double rate = static_cast<double>(accepted.load()) / seconds_since(begun);
  stop = true;
  for (std::thread& sender : senders) sender.join();
  const auto stopped = steady_clock::now();
  test::eventually(seconds(120), [&] { return weir_.counted_units() - before >= accepted; });
  const double drain = seconds_since(stopped);
  const bool exact = weir_.counted_units() - before == accepted;
  if (!exact) give_up("the hot subscription's events were not counted exactly");
  const bool met = rate >= 0.95 * kHotPerSecond && drain <= kDrainSecondsMax;
  fmt::print(
      "hot subscription: {:.0f} events/s taken (half of them its own), behind by at most {} events "
      "in "
      "the first half and {} in the second, all counted {:.1f} s after the last, exactly; target: "
      "{} "
      "events/s, {:.0f} s: {}\n",
      rate, most[0], most[1], drain, kHotPerSecond, kDrainSecondsMax, met ? "met" : "MISSED");
  return met;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

std::string phase_line(const char* name, const Seen& seen) {
  return fmt::format(
      "{:<6} freshness p50 {:>6.0f} ms p99 {:>6.0f} ms ({:>4})   query p50 {:>6.1f} ms p99 "
      "{:>6.1f} ms "
      "({:>4})   noisy: {} events, {} heavy queries, {} refused",
      name, static_cast<double>(seen.freshness.per_mille(500)) / 1e3,
      static_cast<double>(seen.freshness.per_mille(990)) / 1e3, seen.freshness.size(),
      static_cast<double>(seen.query.per_mille(500)) / 1e3,
      static_cast<double>(seen.query.per_mille(990)) / 1e3, seen.query.size(),
      seen.noisy_events.load(), seen.noisy_queries.load(), seen.refused.load());
}

double ratio(std::int64_t noisy, std::int64_t quiet) {
  return static_cast<double>(noisy) / static_cast<double>(std::max<std::int64_t>(1, quiet));
}

bool judge(const char* what, std::vector<double> ratios) {
  const double least = *std::min_element(ratios.begin(), ratios.end());
  const double most = *std::max_element(ratios.begin(), ratios.end());
  const double middle = median(std::move(ratios));
  const bool met = middle < kRatioMax;
  fmt::print(
      "{:<10} p99, noisy over quiet: median {:.2f} x (min {:.2f}, max {:.2f}); target < {:.2f}: "
      "{}\n",
      what, middle, least, most, kRatioMax, met ? "met" : "MISSED");
  return met;
}

bool noisy_neighbour(Stand& stand, const Arguments& arguments) {
  std::vector<double> freshness, query;
  for (int round = 0; round < arguments.rounds; ++round) {
    Seen quiet, noisy;
    fmt::print("{}\n", phase_line("quiet", stand.phase(false, quiet)));
    fmt::print("{}\n", phase_line("noisy", stand.phase(true, noisy)));
    std::fflush(stdout);
    freshness.push_back(ratio(noisy.freshness.per_mille(990), quiet.freshness.per_mille(990)));
    query.push_back(ratio(noisy.query.per_mille(990), quiet.query.per_mille(990)));
  }
  const bool fresh = judge("freshness", std::move(freshness));
  return judge("query", std::move(query)) && fresh;
}

bool run(const Arguments& arguments) {
  Stand stand(arguments);
  stand.fill();
  fmt::print("{} events of the noisy tenant, each with a route of its own, are in\n",
             arguments.routes);
  const bool apart = noisy_neighbour(stand, arguments);
  return (stand.hot() && apart) || arguments.smoke;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::bench::Arguments arguments;
  CLI::App app("how much one noisy tenant moves the others");
  app.add_option("--routes", arguments.routes, "distinct routes that the noisy tenant has made");
  app.add_option("--rounds", arguments.rounds, "pairs of a quiet and a noisy phase")
      ->check(CLI::Range(1, 100));
  app.add_option("--seconds", arguments.seconds, "of a phase")->check(CLI::Range(1, 600));
  app.add_option("--hot-seconds", arguments.hot_seconds, "of the hot subscription")
      ->check(CLI::Range(2, 600));
  app.add_flag("--unlimited", arguments.unlimited, "no budget of bytes a minute");
  app.add_flag("--smoke", arguments.smoke, "exact results are asserted, times are not");
  CLI11_PARSE(app, argc, argv);
  try {
    return weir::bench::run(arguments) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "apart_bench: {}\n", error.what());
    return 1;
  }
}
