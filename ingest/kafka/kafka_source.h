// KafkaSource: a Source over one member of a Kafka consumer group (librdkafka).
//
// It reads committed records only, commits no offset by itself and never resets one: a position
// that the log no longer has becomes `unreadable`. A partition is fetched only between start() and
// revoke, and not while paused: a paused partition is out of librdkafka's assignment, because the
// library's own pause flag outlives an assignment. Whoever stands still for `watchdog` although the
// log goes on is assigned anew.
//
// A broker that is away is no error of poll(): it is logged once, poll() says `nothing`, and
// reading goes on when the broker is back. Errors of poll(): `unavailable` (the group or the topic
// is refused for now), `config` (not allowed to read). Threads: one, save that the library has its
// own.
#pragma once

#include "base/result.h"
#include "ingest/kafka/kafka_options.h"
#include "ingest/stream/source.h"

#include <memory>

namespace weir {

class KafkaSource : public Source {
 public:
  /// Joins `options.group`; needs no broker to be there yet. Error `config` for a bad option.
  static Result<std::unique_ptr<KafkaSource>> open(const KafkaOptions& options);
  /// Leaves the group (a static member only goes silent).
  ~KafkaSource() override;

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

 private:
  struct State;
  explicit KafkaSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
