// From an assignment to reading: loads the stored state (R2, R8), checks the lineage (R1), opens the
// identity index and decides where reading starts so that the index is whole before the first commit
// (R5).
//
// Where reading starts:
//
//   index covers [f, t), t <= next     at t
//   index covers nothing, next > 0     at the horizon's start: newest applied append time - horizon
//   nothing was ever applied           at the log's start
//   the log starts behind next         at the log's start; what lies between is a gap
//
// Index files whose rows no longer count (a damaged one, or one cut off by a hole that the stream
// can't fill any more) have their rows dropped by a commit first: the partition is `clearing`, and is
// then loaded anew. So a file name that exists is never written again.
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

  /// Moves `readers`, all waiting, on to the stage that is theirs. Error `unavailable`: some still
  /// wait; call again later. `integrity`, `config`: consumption must not go on.
  Status load(std::span<PartitionReader* const> readers);
  /// Of the stream at the last load(); 0 before.
  std::int32_t partition_count() const { return partition_count_; }

 private:
  Status prepare(PartitionReader& reader, const PartitionState& state);
  Status stop_broken(PartitionReader& reader, const std::string& what);
  bool clear_stale(PartitionReader& reader, const PartitionState& state, const LogBounds& bounds);
  Result<Offset> reading_start(PartitionReader& reader, const PartitionState& state,
                               const LogBounds& bounds);
  Status begin_reading(PartitionReader& reader, Offset from, const LogBounds& bounds);
  Deadline deadline() const { return Deadline::in(options_.call_timeout); }

  Source& source_;
  Handler& handler_;
  const LoopOptions& options_;
  std::int32_t partition_count_ = 0;
};

/// The rows of `generations` that name files of this volume and partition but lie outside
/// [from, to); all of them when they do not reach from the oldest of them to there in one run.
std::vector<Generation> stale_generations(std::span<const Generation> generations,
                                          const std::string& volume_id,
                                          IdentityIndex::Coverage covered);

}  // namespace weir
