// `weir-ingest generate`: request events by seed, with the totals that they must come to.
//
// The same options and seed give the same bytes, whatever the machine. Customers are drawn by Zipf,
// so that few make most of the traffic. On top of the `events` distinct good ones come duplicates
// (the same identity again; half of them with a new time), late ones (within `events`: their time
// lies far before their neighbours') and poison (records that must be quarantined or rejected).
// The first occurrence of an identity decides what is counted, and it comes first in its partition.
//
// Pure core: EventGenerator and ExpectedTotals (generate_events.h). This is the thin shell: it
// writes to a stream or a file and prints the totals. Errors are printed and become the exit code.
#pragma once

#include "base/command_line.h"
#include "base/process.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/event/identity.h"
#include "ingest/stream/sink.h"

#include <cstdint>
#include <stop_token>
#include <string>

namespace weir {

enum class GenerateFormat {
  mixed,   // as BatchWriter decides: packed, JSON when few; what is sent by default
  json,    // one event a record
  packed,  // packed records only
  ndjson,  // lines; what is written to a file
};

struct GenerateOptions {
  std::int64_t events = 10'000;  // distinct good events
  std::uint64_t seed = 1;
  std::int32_t tenants = 2;
  std::int32_t customers = 20;           // of all tenants; each has one or two subscriptions
  std::int64_t duplicates_ppm = 10'000;  // 1 %, as parts per million of `events`
  std::int64_t late_ppm = 10'000;
  std::int64_t poison_ppm = 1'000;
  EventTime from;  // event times lie in [from, to)
  EventTime to;
  std::int64_t bucket_us = 900 * kMicrosPerSecond;  // of the totals that are printed with --json
  GenerateFormat format = GenerateFormat::mixed;
  std::string out;        // a file instead of the stream; "-" is standard output
  std::int64_t rate = 0;  // events a second; 0: as fast as it goes
  bool json = false;      // the totals for machines
};

/// What the command line says, as text; read_generate() checks it.
struct GenerateArguments {
  std::int64_t events = 10'000, seed = 1, tenants = 2, customers = 20, rate = 0;
  std::string duplicates_percent = "1", late_percent = "1", poison_percent = "0.1";
  std::string from, to, bucket = "15m", format, out;
  bool json = false;
};
/// Declares --events, --seed, … on `command`.
void declare_generate(Command& command, GenerateArguments* arguments);
/// Error `invalid` names the argument. Without --to: the present; without --from: an hour before.
Result<GenerateOptions> read_generate(const GenerateArguments& arguments, Clock& clock);

/// `sink` may be null when `options.out` names a file. Standard output gets the totals (standard
/// error when the events go there), standard error the progress on a terminal.
ExitCode run_generate(const GenerateOptions& options, RecordSink* sink, const IdentityKey& key,
                      const std::stop_token& stop);

}  // namespace weir
