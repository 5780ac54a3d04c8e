#include "tests/incidents/new_cluster.h"

#include "base/digest.h"
#include "tests/faults/commit_proxy.h"

#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin";

std::string shell(const std::string& home, const std::string& command) {
  const Finished done = run({"/bin/bash", "-c", "set -euo pipefail; " + command}, home + "/shell");
  if (done.exit_code != 0) throw std::runtime_error(command + ":\n" + done.out + done.err);
  return done.out;
}

std::string make_home() {
  std::string home = "/var/lib/weir/cluster-" + random_hex(6);
  fs::create_directories(home);
  shell(home, fmt::format("chown postgres: '{}'", home));
  return home;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool known = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!known) throw std::runtime_error("no port is free");
  return ntohs(address.sin_port);
}

std::string psql(const std::string& conninfo, const std::string& database) {
  return fmt::format("PGPASSWORD='{}' psql -qXAt -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {} -U {} -d {}",
                     conninfo_value(conninfo, "password"), conninfo_value(conninfo, "port"),
                     conninfo_value(conninfo, "user"), database);
}

}  // namespace

NewCluster::NewCluster() : home_(make_home()), port_(free_port()) {
  shell(home_, as_server(fmt::format("{}/initdb -D '{}/data' --wal-segsize=1 --encoding=UTF8 "
                                     "--locale=C.UTF-8 --data-checksums --username=postgres "
                                     "--auth=trust",
                                     kPrograms, home_)));
  const std::string settings =
      "-c shared_buffers=24MB -c wal_buffers=256kB -c random_page_cost=1.1 -c jit=off "
      "-c autovacuum_naptime=5s -c max_parallel_workers_per_gather=0 -c max_connections=80 "
      "-c listen_addresses=127.0.0.1 -c unix_socket_directories=";
  server_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{"/bin/bash", "-c",
                               "exec " + as_server(fmt::format("{}/postgres -D '{}/data' -p {} {}",
                                                               kPrograms, home_, port_, settings))},
      home_ + "/server");
  const std::string ready = fmt::format("{}/pg_isready -q -h 127.0.0.1 -p {}", kPrograms, port_);
  if (!eventually(std::chrono::seconds(60), [&] {
        return run({"/bin/bash", "-c", ready}, home_ + "/ready").exit_code == 0;
      })) {
    throw std::runtime_error("the new cluster does not start: " + server_->err());
  }
}

// SIGINT: a fast shutdown, which waits for no client.
NewCluster::~NewCluster() {
  server_->signal(SIGINT);
  (void)server_->wait(std::chrono::seconds(30));
  server_.reset();
  std::error_code ignored;
  fs::remove_all(home_, ignored);
}

// The server refuses root; and what it was started from must be a folder that it can enter.
std::string NewCluster::as_server(const std::string& command) const {
  return fmt::format("env -C '{}' setpriv --reuid=postgres --regid=postgres --clear-groups {}",
                     home_, command);
}

void NewCluster::take_roles(const std::string& admin) {
  // Both have a superuser of that name.
  shell(home_, fmt::format("PGPASSWORD='{}' pg_dumpall --roles-only -h 127.0.0.1 -p {} -U {} | "
                           "grep -v '^CREATE ROLE postgres;' | {}",
                           conninfo_value(admin, "password"), conninfo_value(admin, "port"),
                           conninfo_value(admin, "user"), psql(moved(admin), "postgres")));
}

void NewCluster::take_database(const std::string& admin, const std::string& database) {
  shell(home_,
        fmt::format(
            "PGPASSWORD='{0}' pg_dump -Fc -h 127.0.0.1 -p {1} -U {2} -d {3} -f '{4}/dump' && "
            "PGPASSWORD='{0}' pg_restore --create --exit-on-error -h 127.0.0.1 -p {5} -U {2} "
            "-d postgres '{4}/dump' && {6} -c 'alter database {3} with connection limit -1'",
            conninfo_value(admin, "password"), conninfo_value(admin, "port"),
            conninfo_value(admin, "user"), database, home_, port_, psql(moved(admin), "postgres")));
}

std::string NewCluster::moved(const std::string& conninfo) const {
  const std::string old = "port=" + conninfo_value(conninfo, "port");
  std::string text = conninfo;
  return text.replace(text.find(old), old.size(), fmt::format("port={}", port_));
}

void shut_database(const std::string& admin, const std::string& database) {
  const std::string home = fs::temp_directory_path() / ("weir-shut-" + random_hex(6));
  fs::create_directories(home);
  shell(home, fmt::format("{} -c 'alter database {} with connection limit 0' -c \"select "
                          "pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'\"",
                          psql(admin, "postgres"), database, database));
  fs::remove_all(home);
}

}  // namespace weir::test
