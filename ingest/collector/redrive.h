// `weir-ingest redrive FILE`: appends mended events of quarantined records (R7).
//
// FILE has a line of JSON for each child row of a quarantine row, as `weir-quota quarantine redrive`
// makes it: {"child":17,"partition":3,"event":{…}}. Each event is a record of its own that bears the
// child's id. The redrive is a producer of its own: what it appends is numbered, and when all of it is
// on the stream it writes END. Nothing is appended when a line is wrong. A run that was broken off may be
// repeated: the transaction that consumes an event moves its child once, and drops what comes behind.
// Prints {"appended":2,"producer":"redrive-…"}. Exit codes: 0, 65 a line is wrong, 69 stream away.
#pragma once

#include "base/process.h"
#include "ingest/collector/settings.h"

#include <stop_token>
#include <string>

namespace weir {

ExitCode redrive_file(const CollectorSettings& settings, const std::string& path,
                      const std::stop_token& stop);

}  // namespace weir
