// StreamEye on Kafka.
#pragma once

#include "billing/stream_eye.h"
#include "ingest/kafka/kafka_admin.h"

namespace weir {

class KafkaEye : public StreamEye {
 public:
  explicit KafkaEye(KafkaAdmin& admin) : admin_(admin) {}
  Result<StreamLook> look(Deadline deadline) override;
  Result<std::optional<std::string>> digest_at(std::int32_t partition, std::int64_t offset,
                                               Deadline deadline) override;
  Result<std::vector<std::optional<std::string>>> digests_at(std::span<const AnchorPlace> places,
                                                             Deadline deadline) override;

 private:
  KafkaAdmin& admin_;
};

}  // namespace weir
