// The reading end of a MemoryStream; see memory_stream.h. Its state is guarded by the stream's
// lock.
#pragma once

#include "ingest/stream/memory_stream.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace weir {

class MemorySource : public Source {
 public:
  explicit MemorySource(MemoryStream& stream) : stream_(stream) {}
  ~MemorySource() override;

  Result<Polled> poll(Micros timeout) override;
  Status start(PartitionId partition, Offset from) override;
  Status pause(std::span<const PartitionId> partitions) override;
  Status resume(std::span<const PartitionId> partitions) override;
  Result<Offset> position(PartitionId partition) override;
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override;
  Result<Offset> offset_at(PartitionId partition, AppendTime time, Deadline deadline) override;
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                          Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;
  void publish_position(PartitionId partition, Offset next) override;

  /// The group's new deal: what was held is revoked, then `partitions` are assigned.
  void dealt(std::vector<PartitionId> partitions);

 private:
  struct Held {
    bool started = false;
    bool paused = false;
    Offset position;
  };
  struct Event {
    Polled::Kind kind;
    std::vector<PartitionId> partitions;
  };
  Polled tell(Event event);
  std::optional<Polled> next_of(PartitionId partition, Held& held);

  MemoryStream& stream_;
  std::map<PartitionId, Held> held_;
  std::deque<Event> events_;
  std::vector<PartitionId> told_;  // what the last Polled spans
  std::string content_type_, key_, value_, origin_text_, redrive_text_;
  PartitionId last_;  // delivery goes round
};

}  // namespace weir
