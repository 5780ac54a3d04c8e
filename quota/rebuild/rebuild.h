// Rebuilding the usage ledger from the stream into an empty database (R17).
//
// The stream is read by the ordinary consumer loop and written by the ordinary ingest transaction, from
// close to close:
//
//   for each close of the chain:  read every partition up to its cut N, and no record further (a
//                                 quarantined row that was split: up to it, then split it again)
//                                 decide again what operators decided before it
//                                 closed_until = T; assign the adjustments that it billed
//                                 compare the counts that its certificate bears
//   then:                         read on to the log's present end, decide the rest
//
// So what came before a cut is usage or an adjustment as it was then. Whatever differs from the
// certificates is said, and left as an integrity flag that blocks closes until somebody clears it; so
// is a log that starts behind offset 0: what stood before is not here, the registrations of producers
// among it. Until the end a flag stands that nothing may be closed on. An interrupted rebuild is begun
// again with an empty schema.
//
// Errors: `config` when the database is not empty, or the chain is of another stream; `integrity`;
// `unavailable` when reading stands still. Threads: one.
#pragma once

#include "base/metrics.h"
#include "ingest/stream/consumer_loop.h"
#include "quota/rebuild/rebuilt_ledger.h"
#include "quota/store.h"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

struct RebuildFrom {
  Source& source;  // alone in its group
  std::vector<CloseVector> closes;
  std::vector<PastDecision> decisions;
};
struct RebuildInto {
  RebuiltLedger& ledger;
  Store& store;
  Deployment deployment;
  const IdentityKey& key;
  LoopOptions loop;
  Clock& clock;
  Metrics& metrics;
  Micros stall_timeout = std::chrono::minutes(2);
  std::function<void(std::size_t closes_done)> progress = {};
};
struct RebuildReport {
  std::size_t closes = 0;
  std::int64_t decisions = 0;
  std::vector<std::string> notes;        // harmless
  std::vector<std::string> differences;  // a flag each; empty: the same
};

Result<RebuildReport> rebuild(const RebuildFrom& from, const RebuildInto& into,
                              const std::stop_token& stop);

}  // namespace weir
