// The log as an adoption looks at it, on Kafka.
#pragma once

#include "ingest/kafka/kafka_admin.h"
#include "quota/operator/adopt.h"

namespace weir {

class KafkaLogLook : public LogLook {
 public:
  explicit KafkaLogLook(KafkaAdmin& admin) : admin_(admin) {}
  Result<std::string> cluster_id(Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override {
    return admin_.partition_count(deadline);
  }
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override {
    return admin_.bounds(partition, deadline);
  }
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                          Deadline deadline) override;

 private:
  KafkaAdmin& admin_;
};

}  // namespace weir
