// FileStreamLog: a StreamLog on a file log, in any process, with or without the log's writer.
//
// Opens the log anew at each describe() and partition_count(), so that another log in the same folder is
// seen as another one; the other calls go by the log that was found last. Threads: one at a time.
#pragma once

#include "ingest/spool/log_reader.h"
#include "ingest/stream/stream_log.h"

#include <memory>
#include <string>
#include <vector>

namespace weir {

class FileStreamLog : public StreamLog {
 public:
  /// The log need not be there yet. `disk` outlives it. `topic` is what people call it.
  FileStreamLog(LogDisk& disk, std::string folder, std::string topic)
      : disk_(disk), folder_(std::move(folder)), topic_(std::move(topic)) {}

  const std::string& topic() const override { return topic_; }
  Result<TopicDescription> describe(Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override;
  Result<std::vector<LogBounds>> all_bounds(std::int32_t partitions, Deadline deadline) override;
  Result<std::vector<std::optional<Anchor>>> anchors_at(const std::vector<RecordAddress>& addresses,
                                                        Deadline deadline) override;

 private:
  Result<LogReader*> reader();
  Result<LogReader*> open_anew();

  LogDisk& disk_;
  const std::string folder_, topic_;
  std::unique_ptr<LogReader> reader_;
};

/// What a file log is called where a Kafka cluster has its id.
std::string cluster_id_of_log(const std::string& log_id);

}  // namespace weir
