// The log as an adoption looks at it.
#pragma once

#include "ingest/stream/stream_log.h"
#include "quota/operator/adopt.h"

namespace weir {

class StreamLogLook : public LogLook {
 public:
  explicit StreamLogLook(StreamLog& log) : log_(log) {}
  Result<std::string> cluster_id(Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return log_.partition_count(deadline);
  }
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override {
    return log_.bounds(partition, deadline);
  }
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                          Deadline deadline) override;

 private:
  StreamLog& log_;
};

}  // namespace weir
