// `weir-ingest load FILE`: a whole file onto the stream, once.
//
// The file's identity is the digest of its content, an event's id the position of its line: loading
// the same content again, under whatever name, adds nothing. It is a producer of its own (R15): what
// it sends is numbered, and when the file is read to its end it writes END; a run that was broken off
// leaves its spool, and the next one goes on with it. Prints progress on a terminal, in the
// end the counts of lines, accepted and rejected by reason; refused lines are kept in the reject
// file. Exit codes: 0 (also when lines were rejected), 65 when none was accepted or the topic could
// never take some of it (which is kept then, for `resend`) or it was written to meanwhile, 69 stream away,
// 75 it is being written to.
#pragma once

#include "base/process.h"
#include "ingest/collector/line_shipper.h"
#include "ingest/collector/settings.h"

#include <stop_token>
#include <string>

namespace weir {

struct LoadArguments {
  std::string file;
  LineArguments lines;
  bool json = false;  // print the counts for machines
};

ExitCode load_file(const CollectorSettings& settings, const LoadArguments& arguments,
                   const std::stop_token& stop);

}  // namespace weir
