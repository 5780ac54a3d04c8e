#include "billing/stream_eye.h"

namespace weir {

Result<std::vector<std::optional<std::string>>> StreamEye::digests_at(
    std::span<const RecordPlace> places, Deadline deadline) {
  std::vector<std::optional<std::string>> digests;
  for (const RecordPlace& place : places) {
    auto digest = digest_at(place.partition, place.offset, deadline);
    if (!digest) return digest.error();
    digests.push_back(*std::move(digest));
  }
  return digests;
}

}  // namespace weir
