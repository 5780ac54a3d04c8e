// KafkaAdmin: makes the topic, and looks at it from outside any consumer group.
//
// A StreamLog on Kafka, and besides for `weir-ingest topic create` and for tests. Every call ends by its
// deadline, even where the library would not. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/kafka/kafka_options.h"
#include "ingest/stream/stream_log.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

class KafkaAdmin : public StreamLog {
 public:
  static Result<std::unique_ptr<KafkaAdmin>> open(const KafkaOptions& options);
  ~KafkaAdmin() override;

  /// Makes `options.topic` with LogAppendTime and cleanup.policy=delete, and returns when its partitions
  /// are known. `conflict` when it exists.
  Status create_topic(const TopicPlan& plan, Deadline deadline);
  Status delete_topic(Deadline deadline);

  const std::string& topic() const override;
  Result<TopicDescription> describe(Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override;
  Result<std::vector<LogBounds>> all_bounds(std::int32_t partitions, Deadline deadline) override;
  Result<std::vector<std::optional<Anchor>>> anchors_at(const std::vector<RecordAddress>& addresses,
                                                        Deadline deadline) override;

 private:
  struct State;
  explicit KafkaAdmin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
