#include "ingest/spool/file_stream_log.h"

#include "ingest/spool/log_identity.h"

namespace weir {

std::string cluster_id_of_log(const std::string& log_id) { return "log-" + log_id; }

Result<LogReader*> FileStreamLog::open_anew() {
  auto opened = LogReader::open(disk_, folder_);
  if (!opened && opened.error().code == ErrorCode::not_found) {
    return no_stream_log(folder_).within("topic " + topic_);
  }
  if (!opened) return std::move(opened).error();
  reader_ = *std::move(opened);
  return reader_.get();
}

Result<LogReader*> FileStreamLog::reader() {
  if (reader_ != nullptr) return reader_.get();
  return open_anew();
}

Result<TopicDescription> FileStreamLog::describe(Deadline) {
  const auto log = open_anew();
  if (!log) return log.error();
  TopicDescription found;
  found.kind = StreamKind::file;
  found.cluster_id = cluster_id_of_log((*log)->id());
  found.partitions = (*log)->partitions();
  found.replication = 1;
  found.timestamp_type = "LogAppendTime";  // the writer's clock, never the sender's
  found.cleanup_policy = "delete";
  found.retention = Micros(-1);  // nothing goes that quota has not read (R16)
  found.min_insync_replicas = 1;
  return found;
}

Result<std::int32_t> FileStreamLog::partition_count(Deadline) {
  const auto log = open_anew();
  if (!log) return log.error();
  return (*log)->partitions();
}

Result<LogBounds> FileStreamLog::bounds(PartitionId partition, Deadline) {
  const auto log = reader();
  if (!log) return log.error();
  return (*log)->bounds(partition);
}

Result<std::vector<LogBounds>> FileStreamLog::all_bounds(std::int32_t partitions,
                                                         Deadline deadline) {
  std::vector<LogBounds> all;
  for (std::int32_t p = 0; p < partitions; ++p) {
    const auto one = bounds(PartitionId{p}, deadline);
    if (!one) return one.error();
    all.push_back(*one);
  }
  return all;
}

Result<std::vector<std::optional<Anchor>>> FileStreamLog::anchors_at(
    const std::vector<RecordAddress>& addresses, Deadline) {
  const auto log = reader();
  if (!log) return log.error();
  std::vector<std::optional<Anchor>> anchors;
  for (const RecordAddress& address : addresses) {
    const auto anchor = (*log)->anchor_at(address.partition, address.offset);
    if (!anchor) return anchor.error();
    anchors.push_back(*anchor);
  }
  return anchors;
}

}  // namespace weir
