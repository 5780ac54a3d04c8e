// The envelope of a packed record, read without a copy: sections are views into the record.
//
// Internal to this folder. protobuf's own parser would copy both sections; this one walks the
// fields by protobuf's CodedInputStream and copies nothing, so that `detail` is never touched by
// who does not want it. Unknown fields are passed over, as protobuf does.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

struct PackedEnvelope {
  std::uint32_t schema_version = 0;
  std::uint32_t rows = 0;
  std::int64_t time_min_us = 0;
  std::int64_t time_max_us = 0;
  std::uint64_t identity_key = 0;
  std::uint32_t usage_bytes = 0;
  std::uint32_t detail_bytes = 0;
  std::string_view usage;
  std::string_view detail;
};

/// Empty on success, else the reason: malformed or truncated.
std::string_view read_envelope(std::string_view record, PackedEnvelope& envelope);

}  // namespace weir
