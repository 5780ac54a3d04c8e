#include "quota/operator/stream_log_look.h"

namespace weir {

Result<std::string> StreamLogLook::cluster_id(Deadline deadline) {
  Result<TopicDescription> topic = log_.describe(deadline);
  if (!topic) return std::move(topic).error();
  return std::move(topic->cluster_id);
}

Result<std::optional<Anchor>> StreamLogLook::anchor_at(PartitionId partition, Offset offset,
                                                       Deadline deadline) {
  return log_.anchor_at(partition, offset, deadline);
}

}  // namespace weir
