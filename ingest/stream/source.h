// Source: the reading end of a stream, for one member of a consumer group.
//
// Life of a partition: poll() says `assigned` → the caller loads its own stored position and calls
// start() → records come, in offset order → poll() says `revoked`, and nothing of it comes any
// more. Offsets that hold no record (transaction markers, compaction) are skipped silently:
// position() tells how far reading got. Threads: one, the loop's.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/stream/record.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct Polled {
  enum class Kind {
    nothing,    // the time-out passed
    record,     // `record`
    assigned,   // `partitions` are ours from now: call start() for each
    revoked,    // `partitions` are no longer ours: forget what is not committed
    unreadable  // `partitions` cannot be read at their position: retention took it (gap procedure)
  };
  Kind kind = Kind::nothing;
  StreamRecord record;
  std::span<const PartitionId> partitions;  // live until the next poll()
};

struct LogBounds {
  Offset start;  // of the first record that is still there
  Offset end;    // one behind the last record, open transactions included
};

class Source {
 public:
  virtual ~Source() = default;
  /// Error `unavailable`: the broker is away; call again (the source reconnects by itself).
  virtual Result<Polled> poll(Micros timeout) = 0;
  /// Reads `partition` from `from` on; also after `unreadable`, and to move a running partition.
  virtual Status start(PartitionId partition, Offset from) = 0;
  /// Paused partitions deliver nothing while poll() keeps the membership alive.
  virtual Status pause(std::span<const PartitionId> partitions) = 0;
  virtual Status resume(std::span<const PartitionId> partitions) = 0;
  /// One behind the last offset that reading has passed, delivered or skipped. Everything below has
  /// been delivered by poll() or holds no record.
  virtual Result<Offset> position(PartitionId partition) = 0;
  virtual Result<LogBounds> bounds(PartitionId partition, Deadline deadline) = 0;
  /// First offset whose record has append time >= `time`; the log's end when there is none.
  virtual Result<Offset> offset_at(PartitionId partition, AppendTime time, Deadline deadline) = 0;
  /// The record at exactly `offset` as an anchor (R1); nullopt when none stands there (retention
  /// took it, the log ends before it, or the offset holds no record).
  virtual Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                                  Deadline deadline) = 0;
  virtual Result<std::int32_t> partition_count(Deadline deadline) = 0;
  /// Tells lag tools how far we are. A hint: never read back.
  virtual void publish_position(PartitionId partition, Offset next) = 0;
};

}  // namespace weir
