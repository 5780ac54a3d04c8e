// StreamLog: a stream's log looked at from outside any consumer group.
//
// For READY(T)'s lineage checks (which log it is, partitions, ends, anchors, configuration), for the
// operators' commands, and for tests. Nothing here moves a position. Log ends include open
// transactions; an end that is read is never less than what an append had returned before. Every call
// ends by its deadline. Errors: `unavailable`; `not_found` for a topic that is not there; `config` for
// one that is refused. Threads: one at a time.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/stream/record.h"
#include "ingest/stream/source.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

enum class StreamKind { kafka, file };

/// How a topic is made. Of a file log only the partitions: what it keeps, its keeper is told.
struct TopicPlan {
  std::int32_t partitions = 8;
  std::int32_t replication = 1;
  Micros retention = std::chrono::hours(7 * 24);
  std::int32_t min_insync_replicas = 1;
};

/// The configuration is the one in force: the topic's own, or else the broker's default.
struct TopicDescription {
  StreamKind kind = StreamKind::kafka;
  std::string cluster_id;  // of a file log "log-" and its id, which no other log ever has
  std::int32_t partitions = 0;
  std::int32_t replication = 0;  // the least of all partitions
  std::string timestamp_type;    // "LogAppendTime" or "CreateTime"
  std::string cleanup_policy;    // "delete"
  Micros retention{0};           // negative: for ever
  std::int32_t min_insync_replicas = 0;
  std::int64_t retention_bytes = -1;  // of a partition; -1: no bound
  bool unclean_election = false;      // a replica that lags may become leader
};

struct RecordAddress {
  PartitionId partition;
  Offset offset;
};

class StreamLog {
 public:
  virtual ~StreamLog() = default;
  virtual const std::string& topic() const = 0;
  virtual Result<TopicDescription> describe(Deadline deadline) = 0;
  virtual Result<std::int32_t> partition_count(Deadline deadline) = 0;
  virtual Result<LogBounds> bounds(PartitionId partition, Deadline deadline) = 0;
  /// Of partitions 0 to `partitions` - 1; of a broker asked at once: two round trips, not two a
  /// partition.
  virtual Result<std::vector<LogBounds>> all_bounds(std::int32_t partitions, Deadline deadline) = 0;
  /// The anchor of the record at exactly `offset`, nullopt when none stands there; of each partition
  /// at most one address.
  virtual Result<std::vector<std::optional<Anchor>>> anchors_at(
      const std::vector<RecordAddress>& addresses, Deadline deadline) = 0;

  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset, Deadline deadline) {
    auto anchors = anchors_at({{partition, offset}}, deadline);
    if (!anchors) return std::move(anchors).error();
    return std::move(anchors->front());
  }
};

}  // namespace weir
