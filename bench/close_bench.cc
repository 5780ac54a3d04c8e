// How long does a close take for 100,000 customers who all have usage since the last one? (Target:
// at most 1 s, since no usage is applied meanwhile.)
//
//   close_bench [--customers N] [--rounds N]
//
// The production close (R11) over the production store on a real PostgreSQL; only the stream's look is
// in memory. Each round closes three times: a quarter of an hour of everybody's usage, two more, and
// the last one of the hour, which also makes every customer's period due. Beside each stands the
// baseline of the same round: one SQL statement that sums the same rows and inserts the sums into an
// empty copy of the snapshot's table, in a transaction of its own. The sums must come to what was
// inserted, else exit 1.
//
// Then the invoices of all four closes are made.
//
// What takes the time (perf, EXPLAIN): of the server nearly all is the two B-trees of snapshot and
// due_period, 1.4 us a row even where rows only come behind the last; COPY costs nothing beside them,
// arrays and unnest as much again. Of the program: usage rows come in no order, so what looks each of
// them up alone misses the cache at every step; it pays to sort them by their subscription's place
// first. Figures: bench/README.md.
#include "bench/must.h"
#include "tests/contract/billing/pass_through.h"
#include "tests/contract/billing/world.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace weir::bench {
namespace {

struct Arguments {
  std::int64_t customers = 100'000;
  int rounds = 3;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Of a process on this machine, user and system.
double cpu_seconds_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string word;
  for (int i = 0; i < 11; ++i) fields >> word;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

/// What each call of the transaction took; what lies between them is the close's own work.
class TimedClose : public PassThroughClose {
 private:
  template <class Call>
  auto timed(const char* name, Call call) {
    const auto start = std::chrono::steady_clock::now();
    auto result = call();
    into_[name] += seconds_since(start);
    return result;
  }

 public:
  TimedClose(std::unique_ptr<CloseTransaction> real, std::map<std::string, double>& into)
      : PassThroughClose(std::move(real)), into_(into) {}
  Result<std::vector<UsageRow>> usage(std::int64_t from, std::int64_t to) override {
    return timed("usage", [&] { return real_->usage(from, to); });
  }
  Result<std::optional<BillingCatalog>> lock_catalog() override {
    return timed("catalog", [&] { return real_->lock_catalog(); });
  }
  Result<std::vector<AdjustmentRow>> unassigned_adjustments() override {
    return timed("adjustments", [&] { return real_->unassigned_adjustments(); });
  }
  Result<std::vector<InvoicedSpan>> invoiced_spans() override {
    return timed("invoiced_spans", [&] { return real_->invoiced_spans(); });
  }
  Status add_frozen(std::int64_t id, std::int64_t version, const Frozen& frozen) override {
    return timed("add_frozen", [&] { return real_->add_frozen(id, version, frozen); });
  }
  Result<std::int64_t> count_unbilled(std::int64_t id, std::int64_t until) override {
    return timed("count_unbilled", [&] { return real_->count_unbilled(id, until); });
  }
  Status commit() override {
    return timed("commit", [&] { return real_->commit(); });
  }

 private:
  std::map<std::string, double>& into_;
};

std::string catalog_of(std::int64_t customers) {
  std::string toml = kHourlyCatalog;
  toml.resize(toml.find("[[customer]]"));
  for (std::int64_t i = 0; i < customers; ++i) {
    const std::string n = std::to_string(i);
    toml += "[[customer]]\ntenant = \"acme\"\nid = \"customer-" + n + "\"\nname = \"Customer " + n +
            "\"\n[[subscription]]\ntenant = \"acme\"\nid = \"subscription-" + n +
            "\"\ncustomer = \"customer-" + n +
            "\"\nplan = \"hourly\"\nfrom = 2024-03-01T00:00:00Z\n";
  }
  return toml;
}

/// Everybody's requests of one bucket, as the consumers would have left them.
void insert_usage(World& world, std::int64_t customers, std::int64_t bucket_us) {
  world.tell(
      "insert into quota.usage (tenant, subscription, meter, bucket_us, incarnation, units) "
      "select 'acme', 'subscription-' || n, 'requests', " +
      std::to_string(bucket_us) + ", 1, 1 + n % 97 from generate_series(0, " +
      std::to_string(customers - 1) + ") n; analyze quota.usage");
}

/// What SQL alone needs to sum the same rows and to keep the sums.
double baseline(World& world, std::int64_t from_us, std::int64_t to_us) {
  world.tell(
      "drop table if exists quota.bench; create table quota.bench (like billing.snapshot "
      "including indexes)");
  const auto start = std::chrono::steady_clock::now();
  world.tell("insert into quota.bench select 1, tenant, subscription, meter, " +
             std::to_string(from_us) + ", " + std::to_string(to_us) +
             ", sum(units), 0, 0 from quota.usage where bucket_us >= " + std::to_string(from_us) +
             " and bucket_us < " + std::to_string(to_us) + " group by 2, 3, 4");
  return seconds_since(start);
}

struct Closed {
  double seconds = 0;
  double cpu = 0;         // of this process
  double server_cpu = 0;  // of the server's process for this connection
  std::map<std::string, double> parts;
};

Closed close_timed(World& world, std::int64_t t_us) {
  world.set_clock(t_us + 10 * kMinuteUs);
  if (!must(world.gate().prove(t_us)).ready()) give_up("the gate is not ready");
  Closed closed;
  WrappedCloses timed(world.closes(), [&](std::unique_ptr<CloseTransaction> tx) {
    return std::make_unique<TimedClose>(std::move(tx), closed.parts);
  });
  const auto start = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  const int backend = must(world.schemas().billing().acquire(soon()))->backend_pid();
  const double server_cpu = cpu_seconds_of(backend);
  const CloseOutcome outcome = must(close_at(timed, world.stream(), t_us));
  closed.seconds = seconds_since(start);
  closed.cpu = cpu_seconds() - cpu;
  closed.server_cpu = cpu_seconds_of(backend) - server_cpu;
  if (outcome.kind != CloseOutcome::Kind::closed) give_up("the close was refused");
  return closed;
}

void check(World& world, std::int64_t customers, std::int64_t closes) {
  const std::int64_t stored =
      world.count("select coalesce(sum(usage_units), 0)::bigint from billing.snapshot");
  const std::int64_t wanted = world.count("select sum(units)::bigint from quota.usage");
  const std::int64_t rows = world.count("select count(*) from billing.snapshot");
  if (stored != wanted || rows != customers * closes) give_up("the snapshot is not the usage");
}

void print_line(const char* what, double base, const Closed& closed) {
  fmt::print("{:<28} {:>7.3f} s   baseline {:>7.3f} s   {:>5.2f} x  ", what, closed.seconds, base,
             closed.seconds / base);
  double inside = 0;
  for (const auto& [name, seconds] : closed.parts) {
    inside += seconds;
    fmt::print(" {} {:.0f}", name, seconds * 1e3);
  }
  fmt::print(" own {:.0f} ms; CPU {:.2f} + {:.2f} s\n", (closed.seconds - inside) * 1e3, closed.cpu,
             closed.server_cpu);
  std::fflush(stdout);
}

/// The transaction that makes everybody's invoices, behind the close: no usage waits for it.
void print_billing(World& world, std::int64_t customers) {
  const auto closes = must(world.bills().unbilled_closes(soon()));
  std::int64_t invoices = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const CloseHead& close : closes) {
    invoices +=
        must(bill_close(world.bills(), close, Deadline::in(std::chrono::minutes(10)))).invoices;
  }
  fmt::print("{:<28} {:>7.3f} s\n", "invoices of all", seconds_since(start));
  const std::int64_t owed = world.count("select count(*) from billing.charge");
  if (invoices != customers || owed != customers) give_up("not everybody has an invoice");
}

void run_round(const Arguments& arguments) {
  World world(64);
  world.apply_catalog(catalog_of(arguments.customers));
  const char* names[] = {"first close, 15 min", "15 min", "15 min", "15 min, all periods due"};
  for (std::int64_t quarter = 0; quarter < 4; ++quarter) {
    const std::int64_t from = hour(0, 15 * quarter), to = hour(0, 15 * quarter + 15);
    insert_usage(world, arguments.customers, from);
    const double base = baseline(world, from, to);
    print_line(names[quarter], base, close_timed(world, to));
  }
  check(world, arguments.customers, 4);
  print_billing(world, arguments.customers);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  weir::bench::Arguments arguments;
  CLI::App app("how long a close takes for many customers with usage");
  app.add_option("--customers", arguments.customers, "each with one subscription")
      ->check(CLI::Range(1, 10'000'000));
  app.add_option("--rounds", arguments.rounds, "repetitions")->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);
  try {
    for (int round = 0; round < arguments.rounds; ++round) weir::bench::run_round(arguments);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "close_bench: {}\n", error.what());
    return 1;
  }
}
