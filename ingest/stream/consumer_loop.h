// The consumer loop: poll → decode → drop duplicates → (handler: aggregate) → commit → release.
//
// One loop drives both consumers; each gives it a Source and a Handler. It owns the batch that is
// being filled, the identity index of each partition, the pause set and the positions. Only
// Handler::commit writes. The rules it keeps: R1 (anchor checked at every assignment), R2 (rows
// must hash to their partition), R4 to R6 (identity), R5 (the index is whole before the first
// commit), gaps recorded and never jumped over. Threads: one, run()'s.
#pragma once

#include "base/metrics.h"
#include "base/result.h"
#include "base/settings.h"
#include "base/time.h"
#include "ingest/event/identity.h"
#include "ingest/identity/identity_index.h"
#include "ingest/stream/handler.h"
#include "ingest/stream/source.h"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace weir {

struct LoopOptions {
  std::int64_t commit_rows_max = 200'000;
  std::int64_t commit_bytes_max = 64 << 20;  // decoded columns; admits one record at least
  Micros commit_interval = std::chrono::milliseconds(200);
  Micros commit_timeout = std::chrono::seconds(30);
  Micros call_timeout = std::chrono::seconds(10);
  Micros permitted_future = std::chrono::minutes(5);
  Micros observe_interval = std::chrono::seconds(1);  // how often the log's end is read when idle
  bool check_partitioner = true;                      // false: `partitioner = any` (R2)
  IdentityOptions identity;  // its bounds in bytes are for all partitions of the topic together
};

class ConsumerLoop {
 public:
  ConsumerLoop(Source& source, Handler& handler, const IdentityKey& key, LoopOptions options,
               Clock& clock, Metrics& metrics);
  ~ConsumerLoop();

  /// Runs until asked to stop (then what is in hand is committed, within commit_timeout) or until a
  /// fault that only an operator can mend (`integrity`, `config`).
  Status run(const std::stop_token& stop);

  /// One turn of the loop: for tests and simulation.
  Status step(Micros poll_timeout);

  /// Is every assigned partition live (index whole, no break)? For /readyz: one reason a line.
  /// Threads: any.
  std::vector<std::string> not_ready() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
