// StreamEye on the stream itself.
#pragma once

#include "billing/stream_eye.h"
#include "ingest/stream/stream_log.h"

namespace weir {

class LogEye : public StreamEye {
 public:
  explicit LogEye(StreamLog& log) : log_(log) {}
  Result<StreamLook> look(Deadline deadline) override;
  Result<std::optional<std::string>> digest_at(std::int32_t partition, std::int64_t offset,
                                               Deadline deadline) override;
  Result<std::vector<std::optional<std::string>>> digests_at(std::span<const AnchorPlace> places,
                                                             Deadline deadline) override;

 private:
  StreamLog& log_;
};

}  // namespace weir
