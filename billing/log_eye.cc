#include "billing/log_eye.h"

namespace weir {

Result<StreamLook> LogEye::look(Deadline deadline) {
  const Result<TopicDescription> topic = log_.describe(deadline);
  if (!topic) return topic.error();
  StreamLook look;
  look.topic = log_.topic();
  look.cluster_id = topic->cluster_id;
  look.one_disk = topic->kind == StreamKind::file;
  look.log_append_time = topic->timestamp_type == "LogAppendTime";
  look.min_insync_replicas = topic->min_insync_replicas;
  look.replication = topic->replication;
  look.cleanup_policy = topic->cleanup_policy;
  look.retention_us = topic->retention.count() < 0 ? -1 : topic->retention.count();
  look.retention_bytes = topic->retention_bytes;
  look.unclean_election = topic->unclean_election;
  const auto bounds = log_.all_bounds(topic->partitions, deadline);
  if (!bounds) return bounds.error();
  for (const LogBounds& partition : *bounds) {
    look.partitions.push_back({partition.start.value, partition.end.value});
  }
  return look;
}

Result<std::optional<std::string>> LogEye::digest_at(std::int32_t partition, std::int64_t offset,
                                                     Deadline deadline) {
  const AnchorPlace place{partition, offset};
  auto digests = digests_at({&place, 1}, deadline);
  if (!digests) return digests.error();
  return std::move(digests->front());
}

Result<std::vector<std::optional<std::string>>> LogEye::digests_at(
    std::span<const AnchorPlace> places, Deadline deadline) {
  std::vector<RecordAddress> addresses;
  for (const AnchorPlace& place : places) {
    addresses.push_back({PartitionId(place.partition), Offset(place.offset)});
  }
  const auto anchors = log_.anchors_at(addresses, deadline);
  if (!anchors) return anchors.error();
  std::vector<std::optional<std::string>> digests;
  for (const std::optional<Anchor>& anchor : *anchors) {
    digests.push_back(anchor ? std::optional(anchor->digest) : std::nullopt);
  }
  return digests;
}

}  // namespace weir
