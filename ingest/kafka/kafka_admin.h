// KafkaAdmin: makes the topic, and looks at it from outside any consumer group.
//
// For `weir-ingest topic create`, for READY(T)'s lineage checks (cluster id, partitions, log ends,
// anchors, configuration) and for tests. Log ends include open transactions. Every call ends by its
// deadline, even where the library would not. Errors: `unavailable`; `not_found` for a topic that
// is not there; `config` for one that is refused. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/kafka/kafka_options.h"
#include "ingest/stream/record.h"
#include "ingest/stream/source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct TopicPlan {
  std::int32_t partitions = 8;
  std::int32_t replication = 1;
  Micros retention = std::chrono::hours(7 * 24);
  std::int32_t min_insync_replicas = 1;
};

/// The configuration is the one in force: the topic's own, or else the broker's default.
struct TopicDescription {
  std::string cluster_id;
  std::int32_t partitions = 0;
  std::int32_t replication = 0;  // the least of all partitions
  std::string timestamp_type;    // "LogAppendTime" or "CreateTime"
  std::string cleanup_policy;    // "delete"
  Micros retention{0};           // negative: for ever
  std::int32_t min_insync_replicas = 0;
  std::int64_t retention_bytes = -1;  // of a partition; -1: no bound
  bool unclean_election = false;      // a replica that lags may become leader
};

/// A record that owns its bytes.
struct ReadRecord {
  PartitionId partition;
  Offset offset;
  AppendTime append_time;
  std::string content_type;
  std::string key;
  std::string value;
  std::string origin_text;  // of kOriginHeader, "" when there is none
  std::string redrive_text;

  StreamRecord view() const {
    return {partition,
            offset,
            append_time,
            content_type,
            key,
            value,
            read_origin(origin_text, redrive_text)};
  }
};

struct RecordAddress {
  PartitionId partition;
  Offset offset;
};

class KafkaAdmin {
 public:
  static Result<std::unique_ptr<KafkaAdmin>> open(const KafkaOptions& options);
  ~KafkaAdmin();

  /// Makes `options.topic` with LogAppendTime and cleanup.policy=delete, and returns when its partitions
  /// are known. `conflict` when it exists.
  Status create_topic(const TopicPlan& plan, Deadline deadline);
  Result<TopicDescription> describe(Deadline deadline);
  Result<std::int32_t> partition_count(Deadline deadline);
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline);
  /// Of partitions 0 to `partitions` - 1, asked at once: two round trips, not two a partition.
  Result<std::vector<LogBounds>> all_bounds(std::int32_t partitions, Deadline deadline);
  /// nullopt when no record stands at exactly `offset`. Its record_digest() is the anchor's.
  Result<std::optional<ReadRecord>> read_record(PartitionId partition, Offset offset,
                                                Deadline deadline);
  /// read_record() of each, asked at once. Of each partition at most one.
  Result<std::vector<std::optional<ReadRecord>>> read_records(
      const std::vector<RecordAddress>& addresses, Deadline deadline);
  Status delete_topic(Deadline deadline);
  const std::string& topic() const;

 private:
  struct State;
  explicit KafkaAdmin(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
