// weir-ingest log: looks into a file log, a collector's spool for one, without changing it. Its writer may
// run meanwhile.
#pragma once

#include "base/process.h"

#include <cstdint>
#include <string>

namespace weir {

struct LogArguments {
  std::string folder;
  bool json = false;
  std::int64_t partition = 0, from = 0, count = 10;
};

/// Exit code 70 when anything below the durable end is damaged or gone, each place with its address.
ExitCode verify_log(const LogArguments& arguments);
/// Records as JSON, one a line: their value as text where it is text, else in hex.
ExitCode dump_log(const LogArguments& arguments);

}  // namespace weir
