// The bounds of a packed record, the same for who writes it and who reads it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

constexpr std::uint32_t kPackedVersion = 1;
constexpr std::size_t kPackedRowsMax = std::size_t{1} << 20;
constexpr std::size_t kSectionBytesMax = std::size_t{64} << 20;  // uncompressed
constexpr int kPackedZstdLevel = 1;

}  // namespace weir
