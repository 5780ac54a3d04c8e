// `weir-ingest redrive FILE`: appends mended events of quarantined records (R7).
//
// FILE has a line of JSON for each child row of a quarantine row, as `weir-quota quarantine redrive`
// makes it: {"child":17,"partition":3,"event":{…}}. Each event is a record of its own that bears the
// child's id. The redrive is a producer of its own: what it appends is numbered, and when all of it is
// on the stream it writes END. Nothing is appended, and nobody registered, when a line is wrong. A run that
// was broken off may be repeated: the transaction that consumes an event moves its child once, and drops
// what comes behind. By then fewer children may be open, so that the file is another: with --row the spool
// is named after the quarantine row, and the next run ends what the broken one had begun.
// Prints {"appended":2,"producer":"redrive-…"}. Exit codes: 0, 65 a line is wrong, 69 stream away.
#pragma once

#include "base/process.h"
#include "ingest/collector/settings.h"

#include <cstdint>
#include <stop_token>
#include <string>

namespace weir {

struct RedriveArguments {
  std::string file;
  std::int64_t row = 0;  // whose children the lines are; 0: not said
};
/// The name of its spool: the same for every run of a row, or of a file with this text.
std::string redrive_source(const RedriveArguments& arguments, const std::string& text);

ExitCode redrive_file(const CollectorSettings& settings, const RedriveArguments& arguments,
                      const std::stop_token& stop);

}  // namespace weir
