// From an assignment to reading: loads the stored state (R2, R8), checks the lineage (R1), opens the
// identity index and decides where reading starts so that the index is whole before the first commit
// (R5).
//
// Where reading starts:
//
//   index covers [f, t), the log has t     at t
//   index covers nothing, next > 0         where the named generations of the last horizon began;
//                                          where none is named, at the horizon's start
//   nothing was ever applied               at the log's start
//   the log starts behind all that         at the log's start; what was not applied is a gap
#pragma once

#include "base/result.h"
#include "ingest/stream/consumer_loop.h"
#include "ingest/stream/partition_reader.h"

#include <span>

namespace weir {

class PartitionLoader {
 public:
  PartitionLoader(Source& source, Handler& handler, const LoopOptions& options)
      : source_(source), handler_(handler), options_(options) {}

  /// Moves `readers`, all waiting, on to the stage that is theirs, each for itself. Error
  /// `unavailable`: some still wait; call again later. `integrity`, `config`: consumption must not go on.
  Status load(std::span<PartitionReader* const> readers);
  /// Of the stream at the last load(); 0 before.
  std::int32_t partition_count() const { return partition_count_; }

 private:
  Status prepare(PartitionReader& reader, const PartitionState& state);
  Status stop_broken(PartitionReader& reader, const std::string& what);
  Result<Offset> reading_start(PartitionReader& reader, const PartitionState& state,
                               const LogBounds& bounds);
  Result<Offset> rebuild_start(const PartitionReader& reader, const PartitionState& state,
                               const LogBounds& bounds);
  Status begin_reading(PartitionReader& reader, Offset from, const LogBounds& bounds);
  Deadline deadline() const { return Deadline::in(options_.call_timeout); }

  Source& source_;
  Handler& handler_;
  const LoopOptions& options_;
  std::int32_t partition_count_ = 0;
};

}  // namespace weir
