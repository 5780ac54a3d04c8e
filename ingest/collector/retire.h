// `weir-ingest retire`: the source has ended (R15).
//
// Forwards what its spool still holds, writes END, and says what it did. A process that is running has
// the spool: then this refuses, naming it. A stop is not a retirement; this is. A tail's input must have
// been read to its last byte, rotated files included; what cannot be read any more is given up by a
// named decision, which stays written in a `.given-up` file beside the tail's state.
#pragma once

#include "base/process.h"
#include "ingest/collector/settings.h"

#include <stop_token>
#include <string>

namespace weir {

struct RetireArguments {
  std::string tail;     // the log file whose tail has ended; empty: the spool of `serve`
  std::string spool;    // a spool folder, by name
  std::string give_up;  // of a tail: why lines that it has not read are not to count
};

/// Exit codes: 0 ended (also when it had ended before), 64 no such spool, 69 the stream was away for
/// too long, 75 a process has the spool, or lines were not read.
ExitCode retire(const CollectorSettings& settings, const RetireArguments& arguments,
                const std::stop_token& stop);

}  // namespace weir
