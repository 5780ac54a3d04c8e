// Reads the ends of the logs now and then, so that it can be said up to which moment everything has
// been applied (complete_through) and how far behind a partition is.
//
// One partition at a time, each about once an interval, so that the loop never stands still for all
// of them at once. An observation is kept until it has been applied and stored: a newer one would
// move the goal away from a consumer that is a little behind. Threads: one.
#pragma once

#include "ingest/stream/consumer_loop.h"
#include "ingest/stream/partition_reader.h"

#include <vector>

namespace weir {

class LogObserver {
 public:
  LogObserver(Source& source, const LoopOptions& options, Clock& clock)
      : source_(source), options_(options), clock_(clock) {}

  /// The live partition whose end was read now; nullptr when none was due, or the broker is away.
  PartitionReader* observe(const std::vector<PartitionReader*>& live,
                           std::chrono::steady_clock::time_point now);

 private:
  Source& source_;
  const LoopOptions& options_;
  Clock& clock_;
  std::chrono::steady_clock::time_point last_;
  std::size_t turn_ = 0;
};

}  // namespace weir
