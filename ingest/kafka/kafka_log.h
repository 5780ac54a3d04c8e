// KafkaLog: looks at a topic's log from outside any group. Private to this folder.
//
// It reads uncommitted: log ends include open transactions. Each call ends by its deadline, on a
// thread of its own (deadline_worker.h). Threads: any.
#pragma once

#include "ingest/kafka/deadline_worker.h"
#include "ingest/kafka/kafka_handle.h"
#include "ingest/stream/stream_log.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// A record that owns its bytes.
struct FetchedRecord {
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
Anchor anchor_of(const FetchedRecord& record);

class KafkaLog {
 public:
  static Result<std::unique_ptr<KafkaLog>> open(const KafkaOptions& options,
                                                std::shared_ptr<BrokerHealth> health);

  Result<LogBounds> bounds(PartitionId partition, Deadline deadline);
  /// Of partitions 0 to `partitions` - 1, all asked at once: first the starts, then the ends.
  Result<std::vector<LogBounds>> all_bounds(std::int32_t partitions, Deadline deadline);
  Result<Offset> offset_at(PartitionId partition, AppendTime time, Deadline deadline);
  /// Partitions and the least replication of them.
  struct Shape {
    std::int32_t partitions = 0;
    std::int32_t replication = 0;
  };
  Result<Shape> shape(Deadline deadline);
  Result<std::optional<FetchedRecord>> read(PartitionId partition, Offset offset,
                                            Deadline deadline);
  /// Of each partition at most one; in the addresses' order.
  Result<std::vector<std::optional<FetchedRecord>>> read(
      const std::vector<RecordAddress>& addresses, Deadline deadline);
  Result<std::string> cluster_id(Deadline deadline);

  const std::shared_ptr<rd_kafka_t>& handle() const { return asked_->handle; }

 private:
  /// What a call needs, kept alive by it.
  struct Asked {
    ~Asked();
    KafkaOptions options;
    std::shared_ptr<rd_kafka_t> handle;
    std::shared_ptr<KafkaEvents> events;
    rd_kafka_topic_t* topic = nullptr;

    Error error(const std::string& where, rd_kafka_resp_err_t code) const;
    void answered() const { events->health->up(); }
    Result<std::vector<std::optional<FetchedRecord>>> read(
        const std::vector<RecordAddress>& addresses, Deadline deadline);
    /// Of each partition the start (RD_KAFKA_OFFSET_BEGINNING) or the end (RD_KAFKA_OFFSET_END).
    Result<std::vector<std::int64_t>> edges(const std::vector<PartitionId>& of, std::int64_t which,
                                            Deadline deadline) const;
    Result<std::vector<LogBounds>> bounds(const std::vector<PartitionId>& of,
                                          Deadline deadline) const;
  };
  /// For errors: what was asked of whom.
  std::string naming(const char* what) const;
  explicit KafkaLog(std::shared_ptr<Asked> asked) : asked_(std::move(asked)) {}

  std::shared_ptr<Asked> asked_;
  DeadlineWorker worker_;
};

/// What a message's headers say; "" for one that is not there. Lives as long as the message.
struct RecordHeaders {
  std::string_view content_type, origin, redrive;
};
RecordHeaders headers_of(rd_kafka_message_t* message);
/// In microseconds; 0 when the broker gave none.
AppendTime append_time_of(const rd_kafka_message_t* message);
inline std::string_view bytes_of(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

}  // namespace weir
