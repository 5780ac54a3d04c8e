// The bytes of a sealed generation, "1-3-1000-2000-<digest>.ids". Integers are little-endian.
//
//   file    := header block* filter
//   header  := SealedHeader, 128 bytes, whose last 8 are XXH3 of the 120 before them
//   block   := entry{block_entries} sum     every block but the last is full; the last may be short
//   entry   := high:8 low:8 offset:offset_width row:row_width
//   sum     := XXH3 of the block's entries, 8 bytes
//   filter  := KeyFilter image, filter_bytes long
//
// Entries ascend strictly by (high, low). `offset` counts from the header's `from`; the widths are
// the fewest bytes that hold the file's greatest values, so that an identity takes 17 to 22 bytes
// and the filter 1.25. The digest in the name is SHA-256 of all of it, and the nonce in the header
// keeps two files of the same range apart, so that no name is ever written twice.
#pragma once

#include "ingest/identity/open_table.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace weir {

static_assert(std::endian::native == std::endian::little, "sealed files are read in place");

constexpr char kSealedMagic[8] = {'W', 'E', 'I', 'R', 'I', 'D', 'S', '1'};
constexpr std::uint32_t kSealedVersion = 1;
constexpr std::uint32_t kSealedBlockEntries = 128;
constexpr std::size_t kBlockSumBytes = 8;

struct SealedHeader {
  char magic[8] = {};
  std::uint32_t version = 0;
  std::int32_t incarnation = 0;
  std::int32_t partition = 0;
  std::uint32_t block_entries = 0;
  std::int64_t from = 0;  // offsets [from, to)
  std::int64_t to = 0;
  std::int64_t append_min = 0;  // of the records in the range
  std::int64_t append_max = 0;
  std::int64_t append_before = 0;  // greatest of any record below `from`, when has_before is 1
  std::uint64_t count = 0;
  std::uint64_t nonce = 0;
  std::uint64_t filter_bytes = 0;
  std::uint8_t has_before = 0;
  std::uint8_t offset_width = 0;
  std::uint8_t row_width = 0;
  std::uint8_t unused[29] = {};
  std::uint64_t sum = 0;

  std::size_t entry_bytes() const { return 16u + offset_width + row_width; }
  std::size_t block_bytes() const { return block_entries * entry_bytes() + kBlockSumBytes; }
  std::uint64_t blocks() const { return (count + block_entries - 1) / block_entries; }
  /// Entries of one block: all are full but the last.
  std::size_t entries_in(std::uint64_t block) const {
    std::uint64_t rest = count - block * block_entries;
    return static_cast<std::size_t>(rest < block_entries ? rest : block_entries);
  }
  std::uint64_t block_at(std::uint64_t block) const {
    return sizeof(SealedHeader) + block * block_bytes();
  }
  std::uint64_t filter_at() const {
    return sizeof(SealedHeader) + count * entry_bytes() + blocks() * kBlockSumBytes;
  }
  std::uint64_t file_bytes() const { return filter_at() + filter_bytes; }
};
static_assert(sizeof(SealedHeader) == 128);

/// Bytes that hold `value`: 0 for 0.
constexpr std::uint8_t width_of(std::uint64_t value) {
  return static_cast<std::uint8_t>((std::bit_width(value) + 7) / 8);
}

std::uint64_t sum_of(std::span<const std::uint8_t> bytes);
std::uint64_t header_sum(const SealedHeader& header);

inline void put_entry(const SealedHeader& header, const IdentityEntry& entry, std::uint8_t* at) {
  std::uint64_t offset = static_cast<std::uint64_t>(entry.place.offset - header.from);
  std::memcpy(at, &entry.identity.high, 8);
  std::memcpy(at + 8, &entry.identity.low, 8);
  std::memcpy(at + 16, &offset, header.offset_width);
  std::memcpy(at + 16 + header.offset_width, &entry.place.row, header.row_width);
}

inline IdentityEntry get_entry(const SealedHeader& header, const std::uint8_t* at) {
  IdentityEntry entry;
  std::uint64_t offset = 0;
  std::memcpy(&entry.identity.high, at, 8);
  std::memcpy(&entry.identity.low, at + 8, 8);
  std::memcpy(&offset, at + 16, header.offset_width);
  std::memcpy(&entry.place.row, at + 16 + header.offset_width, header.row_width);
  entry.place.offset = header.from + static_cast<std::int64_t>(offset);
  return entry;
}

}  // namespace weir
