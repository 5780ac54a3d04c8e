#include "ingest/identity/sealed_format.h"

#define XXH_INLINE_ALL
#include <cstddef>
#include <xxhash.h>

namespace weir {

std::uint64_t sum_of(std::span<const std::uint8_t> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t header_sum(const SealedHeader& header) {
  return sum_of({reinterpret_cast<const std::uint8_t*>(&header), offsetof(SealedHeader, sum)});
}

}  // namespace weir
