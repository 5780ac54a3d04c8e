#include "ingest/identity/key_filter.h"

#include "base/result.h"

#include <algorithm>
#include <cstring>

namespace weir {

constexpr std::uint64_t kBitsPerKey = 10;
constexpr std::uint64_t kBitsPerBlock = 256;

KeyFilter KeyFilter::sized_for(std::uint64_t keys) {
  std::uint64_t blocks = (keys * kBitsPerKey + kBitsPerBlock - 1) / kBitsPerBlock;
  WEIR_CHECK(blocks < (std::uint64_t{1} << 32));
  KeyFilter filter;
  filter.blocks_.resize(std::max<std::uint64_t>(blocks, 1));
  return filter;
}

KeyFilter KeyFilter::from_image(std::span<const std::uint8_t> image) {
  WEIR_CHECK(!image.empty() && image.size() % sizeof(Block) == 0);
  KeyFilter filter;
  filter.blocks_.resize(image.size() / sizeof(Block));
  std::memcpy(filter.blocks_.data(), image.data(), image.size());
  return filter;
}

}  // namespace weir
