#include "tests/incidents/old_way/runner.h"

#include "tests/faults/commit_proxy.h"

#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>

namespace weir::test {
namespace {

using std::chrono::seconds;

std::string program() { return environment("WEIR_BIN") + "/old-way"; }

}  // namespace

OldWay::OldWay(const Deployment& weir, std::string admin) : weir_(weir), admin_(std::move(admin)) {
  if (const Finished made = sql("create database " + database(), "postgres"); made.exit_code != 0) {
    throw std::runtime_error(made.err);
  }
}

OldWay::~OldWay() { stop(); }

void OldWay::release(const std::string& analytics) {
  stop();
  const StreamOptions stream = weir_.stream();
  const std::vector<std::string> argv = {program(),    "serve",    stream.kind, stream.folder,
                                         stream.topic, conninfo(), analytics};
  supervisor_ = std::jthread([argv, log = log_of("service")](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      ChildProcess service(argv, log);
      while (!stop.stop_requested() && !service.wait(seconds(1))) {
      }
      service.kill_hard();
    }
  });
}

void OldWay::stop() {
  supervisor_.request_stop();
  if (supervisor_.joinable()) supervisor_.join();
}

std::string OldWay::database() const { return "old_way_" + weir_.database(); }

void OldWay::bill(std::int64_t from, std::int64_t to) {
  const std::vector<std::string> argv = {program(),
                                         "bill",
                                         conninfo(),
                                         fmt::format("{}000000", from),
                                         fmt::format("{}000000", to),
                                         std::to_string(kPriceHundredths),
                                         charges_file()};
  if (!eventually(seconds(90), [&] { return run(argv, log_of("bill")).exit_code == 0; })) {
    throw std::runtime_error("the old way's billing: " + read_whole(log_of("bill.err")));
  }
}

bool OldWay::has_applied(std::int64_t end) {
  const Finished done = sql("select coalesce(sum(next), 0) from position", database());
  return done.exit_code == 0 && std::atoll(done.out.c_str()) >= end;
}

Bill OldWay::charged() const { return bill_of(read_whole(charges_file())); }

std::string OldWay::log_of(const std::string& what) const {
  return weir_.folder() + "/old-" + what;
}

std::string OldWay::charges_file() const { return weir_.folder() + "/old-charges.jsonl"; }

std::string OldWay::conninfo() const {
  return fmt::format("host=127.0.0.1 port={} user=postgres password={} dbname={}",
                     conninfo_value(admin_, "port"), conninfo_value(admin_, "password"),
                     database());
}

Finished OldWay::sql(const std::string& text, const std::string& database) {
  return run({"/usr/bin/env", "PGPASSWORD=" + conninfo_value(admin_, "password"), "psql", "-qXAt",
              "-h", "127.0.0.1", "-p", conninfo_value(admin_, "port"), "-U", "postgres", "-d",
              database, "-c", text},
             log_of("sql"));
}

}  // namespace weir::test
