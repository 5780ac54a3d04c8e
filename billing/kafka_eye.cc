#include "billing/kafka_eye.h"

namespace weir {

Result<StreamLook> KafkaEye::look(Deadline deadline) {
  const Result<TopicDescription> topic = admin_.describe(deadline);
  if (!topic) return topic.error();
  StreamLook look;
  look.topic = admin_.topic();
  look.cluster_id = topic->cluster_id;
  look.log_append_time = topic->timestamp_type == "LogAppendTime";
  look.min_insync_replicas = topic->min_insync_replicas;
  look.replication = topic->replication;
  look.cleanup_policy = topic->cleanup_policy;
  look.retention_us = topic->retention.count() < 0 ? -1 : topic->retention.count();
  look.retention_bytes = topic->retention_bytes;
  look.unclean_election = topic->unclean_election;
  const auto bounds = admin_.all_bounds(topic->partitions, deadline);
  if (!bounds) return bounds.error();
  for (const LogBounds& partition : *bounds) {
    look.partitions.push_back({partition.start.value, partition.end.value});
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
