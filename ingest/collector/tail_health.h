// TailHealth: why a tail seals nothing, for /readyz, metrics and the log.
//
// Lines that are lost to it keep it from sealing until somebody has settled it; a step that fails does
// so for as long as it fails. Threads: why_not() any, the rest one.
#pragma once

#include "base/metrics.h"
#include "ingest/collector/tail_state.h"

#include <mutex>
#include <string>
#include <vector>

namespace weir {

class TailHealth {
 public:
  TailHealth(TailState state, Metrics& metrics);
  /// No line is known to be lost, asked of the disk now. Says in the log when that changes, at the
  /// first call also that it is so from before.
  bool whole();
  /// How the last step went.
  void after_step(const Status& step);
  /// One reason each; none when it seals.
  std::vector<std::string> why_not() const;

 private:
  const TailState state_;
  Gauge& whole_gauge_;
  std::string said_;  // what whole() last logged
  mutable std::mutex mutex_;
  std::string trouble_;  // of the last step; guarded by mutex_
};

}  // namespace weir
