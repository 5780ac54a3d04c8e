// A source that passes every call on to another one. What stands between a loop and its source derives
// from it and overrides what differs: a rebuild's bounds, and what tests do to a stream.
// Threads: as of the other one.
#pragma once

#include "ingest/stream/source.h"

namespace weir {

class PassThroughSource : public Source {
 public:
  explicit PassThroughSource(Source& real) : real_(real) {}
  Result<Polled> poll(Micros timeout) override { return real_.poll(timeout); }
  Status start(PartitionId partition, Offset from) override { return real_.start(partition, from); }
  Status pause(std::span<const PartitionId> partitions) override { return real_.pause(partitions); }
  Status resume(std::span<const PartitionId> partitions) override {
    return real_.resume(partitions);
  }
  Result<Offset> position(PartitionId partition) override { return real_.position(partition); }
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override {
    return real_.bounds(partition, deadline);
  }
  Result<Offset> offset_at(PartitionId partition, AppendTime time, Deadline deadline) override {
    return real_.offset_at(partition, time, deadline);
  }
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                          Deadline deadline) override {
    return real_.anchor_at(partition, offset, deadline);
  }
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return real_.partition_count(deadline);
  }
  void publish_position(PartitionId partition, Offset next) override {
    real_.publish_position(partition, next);
  }

 protected:
  Source& real_;
};

}  // namespace weir
