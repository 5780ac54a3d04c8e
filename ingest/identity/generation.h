// A generation: one immutable file of the identity index, as the row that makes it count names it.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <string>

namespace weir {

/// Covers the addresses [from, to) of one partition within one incarnation. The file's name is made
/// of these members, so that no process ever writes a name that exists (R5).
struct Generation {
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;
  std::int64_t from_offset = 0;
  std::int64_t to_offset = 0;
  AppendTime append_min;  // of the records in the range
  AppendTime append_max;
  std::int64_t identities = 0;
  std::string digest;  // hex SHA-256 of the file
  std::string
      volume_id;  // of the volume that holds the file: another host's row does not count here

  std::string file_name() const;  // "1-3-1000-2000-<digest>.ids"
};

}  // namespace weir
