// KeptLog: what a weir-ingest does for its box's file log: it keeps the log while nobody else does
// (ingest/file_stream/log_keeper.h), and lets old records go (R16).
//
// Records older than `stream.retention` go, and the oldest beyond `stream.retention_bytes`, unless
// weir-quota still needs them; beyond `stream.bytes_max`, or when the volume has less than a tenth of its
// bytes free, the oldest go whether it does or not: that is logged as an error and counted
// (weir_stream_unread_dropped_bytes_total), and the readers record gaps, which hold every close.
#pragma once

#include "base/metrics.h"
#include "ingest/connect/stream_options.h"
#include "ingest/file_stream/log_keeper.h"

#include <memory>

namespace weir {

class KeptLog {
 public:
  /// Keeps the log from here on. `disk` and `metrics` outlive it.
  static Result<std::unique_ptr<KeptLog>> open(LogDisk& disk, const StreamOptions& options,
                                               Metrics& metrics);
  ~KeptLog();
  LogKeeper& keeper();

 private:
  struct State;
  explicit KeptLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
