#include "ingest/identity/generation.h"

#include <fmt/format.h>

namespace weir {

std::string Generation::file_name() const {
  return fmt::format("{}-{}-{}-{}-{}.ids", incarnation, partition, from_offset, to_offset, digest);
}

}  // namespace weir
