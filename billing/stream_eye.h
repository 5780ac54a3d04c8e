// StreamEye: a look at the stream from outside, for READY(T) and for the close's fresh look (R11).
//
// Nothing here moves a position or joins a group. Errors: `unavailable`, and `not_found` for a topic
// that is not there. Threads: one.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/facts.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct AnchorPlace {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

class StreamEye {
 public:
  virtual ~StreamEye() = default;
  virtual Result<StreamLook> look(Deadline deadline) = 0;
  /// record_digest() of the record at exactly `offset`; nullopt when none stands there.
  virtual Result<std::optional<std::string>> digest_at(std::int32_t partition, std::int64_t offset,
                                                       Deadline deadline) = 0;
  /// digest_at() of each place, in their order; an eye that can asks for all at once. At most one place
  /// a partition. An error is of the first place that has one.
  virtual Result<std::vector<std::optional<std::string>>> digests_at(
      std::span<const AnchorPlace> places, Deadline deadline);
};

}  // namespace weir
