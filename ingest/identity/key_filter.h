// KeyFilter: "surely not in this file", by a split block Bloom filter.
//
// One identity touches one 32-byte block (one cache line) and sets one bit in each of its eight
// 32-bit lanes. At 10 bits a key about one in a hundred strangers passes; a key that was added
// always passes. The identity is a keyed hash, so its own bits serve as the hash.
// The image is an array of blocks in little-endian lanes, as it stands in a sealed file.
#pragma once

#include "ingest/event/identity.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace weir {

class KeyFilter {
 public:
  struct alignas(32) Block {
    std::array<std::uint32_t, 8> lane{};
  };

  KeyFilter() = default;
  /// Empty, sized for `keys`.
  static KeyFilter sized_for(std::uint64_t keys);
  /// From an image; its size is a multiple of sizeof(Block).
  static KeyFilter from_image(std::span<const std::uint8_t> image);

  void add(const Identity& key) {
    Block& block = blocks_[place_of(key)];
    for (std::size_t i = 0; i < 8; ++i) block.lane[i] |= bit_of(key, i);
  }
  bool may_hold(const Identity& key) const {
    const Block& block = blocks_[place_of(key)];
    std::uint32_t missing = 0;
    for (std::size_t i = 0; i < 8; ++i) missing |= bit_of(key, i) & ~block.lane[i];
    return missing == 0;
  }
  void prefetch(const Identity& key) const { __builtin_prefetch(&blocks_[place_of(key)]); }

  std::span<const std::uint8_t> image() const {
    return {reinterpret_cast<const std::uint8_t*>(blocks_.data()), blocks_.size() * sizeof(Block)};
  }
  std::size_t bytes() const { return blocks_.size() * sizeof(Block); }

 private:
  static constexpr std::array<std::uint32_t, 8> kSalt = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                                         0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                                         0x9efc4947U, 0x5c6bfb31U};

  static std::uint32_t bit_of(const Identity& key, std::size_t lane) {
    return std::uint32_t{1} << ((static_cast<std::uint32_t>(key.low) * kSalt[lane]) >> 27);
  }
  /// The low half of `high`: the upper one decides the place in the file, and the two need not
  /// agree.
  std::size_t place_of(const Identity& key) const {
    return static_cast<std::size_t>(((key.high & 0xffffffffU) * blocks_.size()) >> 32);
  }

  std::vector<Block> blocks_;  // at least one, fewer than 2^32
};

}  // namespace weir
