// A new PostgreSQL cluster with another configuration than the run's server, and the move of a
// database to it, as an operator makes it: roles by pg_dumpall, the database by pg_dump and pg_restore.
//
// Other port, WAL segments, buffers, planner and autovacuum settings. Its files lie below /var/lib/weir,
// where the server's own user can enter. Everything that fails ends the test. Threads: one.
#pragma once

#include "tests/integration/child_process.h"

#include <cstdint>
#include <memory>
#include <string>

namespace weir::test {

class NewCluster {
 public:
  /// Made and started; takes connections when this returns.
  NewCluster();
  ~NewCluster();
  NewCluster(const NewCluster&) = delete;
  NewCluster& operator=(const NewCluster&) = delete;

  /// Roles with their passwords and settings, from the server that `admin` names.
  void take_roles(const std::string& admin);
  /// One database of it, whole. Its clients should have ended before.
  void take_database(const std::string& admin, const std::string& database);
  /// The connection string, with this cluster's address in place of its own.
  std::string moved(const std::string& conninfo) const;

 private:
  std::string as_server(const std::string& command) const;

  const std::string home_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> server_;
};

/// Nobody but the superuser enters the database any more, and whoever is in it is thrown out.
void shut_database(const std::string& admin, const std::string& database);

}  // namespace weir::test
