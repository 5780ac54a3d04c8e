// A real nginx before a test's fleets, with the very configuration of deploy/nginx.
//
// Only its port and the lists of processes are the test's own; both lie in the test's folder.
// Threads: one.
#pragma once

#include "tests/integration/child_process.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {

struct Fleets {
  std::vector<std::uint16_t> ingest, quota, analytics;
};

class Nginx {
 public:
  /// Serves when it returns.
  Nginx(const std::string& folder, const Fleets& fleets);
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string log() const { return process_->err(); }

 private:
  std::uint16_t port_;
  std::unique_ptr<ChildProcess> process_;
};

/// A port that nobody has at present, outside the range of outgoing connections, so that a process
/// that is away for a moment finds it free when it is back.
std::uint16_t free_port();

}  // namespace weir::test
