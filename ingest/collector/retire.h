// `weir-ingest retire`: the source has ended (R15).
//
// Forwards what its spool still holds, writes END, and says what it did. A process that is running has
// the spool: then this refuses, naming it. A stop is not a retirement; this is.
#pragma once

#include "base/process.h"
#include "ingest/collector/settings.h"

#include <stop_token>
#include <string>

namespace weir {

struct RetireArguments {
  std::string tail;   // the log file whose tail has ended; empty: the spool of `serve`
  std::string spool;  // a spool folder, by name
};

/// Exit codes: 0 ended (also when it had ended before), 64 no such spool, 69 the stream was away for
/// too long or a process has the spool.
ExitCode retire(const CollectorSettings& settings, const RetireArguments& arguments,
                const std::stop_token& stop);

}  // namespace weir
