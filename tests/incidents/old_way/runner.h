// The original design as a test runs it: its service is started again whenever it ends, its billing is what
// cron starts, and its database is one of a server's. Threads: one; the supervisor has its own.
#pragma once

#include "tests/incidents/incident.h"

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

class OldWay {
 public:
  /// On `weir`'s topic, beside it; its database on the server that `admin` names.
  OldWay(const Deployment& weir, std::string admin);
  ~OldWay();

  /// Runs the service from now on, with analytics that "works" or "crashes".
  void release(const std::string& analytics);
  void stop();
  /// The same database on another server, from the next release on.
  void moved_to(const std::string& admin) { admin_ = admin; }
  std::string database() const;

  /// One period, in seconds since the epoch. As cron does: again and again until the database answers.
  void bill(std::int64_t from, std::int64_t to);
  bool has_applied(std::int64_t end);
  Bill charged() const;

 private:
  std::string log_of(const std::string& what) const;
  std::string charges_file() const;
  std::string conninfo() const;
  Finished sql(const std::string& text, const std::string& database);

  const Deployment& weir_;
  std::string admin_;
  std::jthread supervisor_;
};

}  // namespace weir::test
