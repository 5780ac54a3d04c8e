#include "billing/kafka_eye.h"

namespace weir {

Result<StreamLook> KafkaEye::look(Deadline deadline) {
  const Result<TopicDescription> topic = admin_.describe(deadline);
  if (!topic) return topic.error();
  StreamLook look{
      topic->cluster_id, topic->timestamp_type == "LogAppendTime", topic->min_insync_replicas, {}};
  for (std::int32_t p = 0; p < topic->partitions; ++p) {
    const Result<LogBounds> bounds = admin_.bounds(PartitionId(p), deadline);
    if (!bounds) return bounds.error();
    look.partitions.push_back({bounds->start.value, bounds->end.value});
  }
  return look;
}

Result<std::optional<std::string>> KafkaEye::digest_at(std::int32_t partition, std::int64_t offset,
                                                       Deadline deadline) {
  const auto record = admin_.read_record(PartitionId(partition), Offset(offset), deadline);
  if (!record) return record.error();
  if (!*record) return std::optional<std::string>();
  return std::optional<std::string>(record_digest((*record)->view()));
}

}  // namespace weir
