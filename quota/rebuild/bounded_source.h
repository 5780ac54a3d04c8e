// A source that passes no partition's bound: what a rebuild reads the stream through, so that it can
// stop every partition exactly where a close cut it (R17).
//
// A record at or above its partition's bound is not delivered; the partition is paused, and started
// again at the old bound when the bound rises. position() never says more than the bound. Records of
// the loop's own commits are noted from publish_position(). Threads: one.
#pragma once

#include "ingest/stream/pass_through_source.h"

#include <map>
#include <set>

namespace weir {

class BoundedSource : public PassThroughSource {
 public:
  /// Everything is bounded at 0 until raise() says otherwise.
  explicit BoundedSource(Source& real) : PassThroughSource(real) {}

  /// Bounds only rise; a lower one changes nothing.
  Status raise(PartitionId partition, Offset bound);
  Offset bound_of(PartitionId partition) const;
  /// What the loop has told of its commits; 0 before the first.
  Offset committed(PartitionId partition) const;

  Result<Polled> poll(Micros timeout) override;
  Status start(PartitionId partition, Offset from) override;
  Status pause(std::span<const PartitionId> partitions) override;
  Status resume(std::span<const PartitionId> partitions) override;
  Result<Offset> position(PartitionId partition) override;
  void publish_position(PartitionId partition, Offset next) override;

 private:
  /// Begins at `from`, and no longer stands at its bound.
  Status go_on(PartitionId partition, Offset from);

  std::map<PartitionId, Offset> bounds_;
  std::map<PartitionId, Offset> committed_;
  std::set<PartitionId> stopped_;  // a record at or above the bound was met: paused for that
  std::set<PartitionId> paused_;   // by whoever reads
};

}  // namespace weir
