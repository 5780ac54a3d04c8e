#include "quota/operator/kafka_log_look.h"

namespace weir {

Result<std::string> KafkaLogLook::cluster_id(Deadline deadline) {
  Result<TopicDescription> topic = admin_.describe(deadline);
  if (!topic) return std::move(topic).error();
  return std::move(topic->cluster_id);
}

Result<std::optional<Anchor>> KafkaLogLook::anchor_at(PartitionId partition, Offset offset,
                                                      Deadline deadline) {
  Result<std::optional<ReadRecord>> record = admin_.read_record(partition, offset, deadline);
  if (!record) return std::move(record).error();
  if (!*record) return std::optional<Anchor>();
  return std::optional<Anchor>(
      Anchor{offset, record_digest((*record)->view()), (*record)->append_time});
}

}  // namespace weir
