#include "billing/stream_eye.h"

namespace weir {

Result<std::vector<std::optional<std::string>>> StreamEye::digests_at(
    std::span<const AnchorPlace> places, Deadline deadline) {
  std::vector<std::optional<std::string>> digests;
  for (const AnchorPlace& place : places) {
    auto digest = digest_at(place.partition, place.offset, deadline);
    if (!digest) return digest.error();
    digests.push_back(*std::move(digest));
  }
  return digests;
}

}  // namespace weir
