// The contestants: each reads a whole topic once, in a process of its own, and tells what it took.
//
// Wall time runs from when the process was assigned its first partition (it says so itself) until
// everything is durably applied, to the last record. CPU time is the kernel's, of that process
// alone and whole: not of the broker, PostgreSQL or this program. Failures throw (must.h): a contestant
// that dies, or that is not done within an hour. Threads: one.
#pragma once

#include "bench/stage.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weir::bench {

struct Taken {
  std::int64_t events = 0;  // read, copies included
  std::int64_t wall_us = 0;
  std::int64_t cpu_us = 0;  // user and system
  std::string fingerprint;  // of the usage that stands there afterwards; "" for the baseline
};

struct Contestant {
  std::string name;
  std::string question;
  std::function<Taken(Stage&)> run;
};

/// The baseline first.
std::vector<Contestant> contestants();

}  // namespace weir::bench
