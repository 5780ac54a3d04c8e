// Finds the index of a key among keys that the caller keeps in columns. Open addressing, linear
// probing, at most half full; only hashes and indexes are stored here. clear() keeps memory, so a
// table that has once seen its load allocates no more. Threads: one.
//
//   auto index = table.find(hash, [&](std::uint32_t i) { return key[i] == k; });
//   if (!index) { index = table.add(hash); key.push_back(k); }   // indexes are 0, 1, 2, …
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

class SlotTable {
 public:
  SlotTable() : slots_(kSlotsMin, 0) {}

  template <class Equal>
  std::optional<std::uint32_t> find(std::uint64_t hash, const Equal& equal) const {
    std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
      std::uint32_t index = slots_[slot] - 1;
      if (hashes_[index] == hash && equal(index)) return index;
    }
    return std::nullopt;
  }

  /// The index of a key that find() did not find.
  std::uint32_t add(std::uint64_t hash) {
    auto index = static_cast<std::uint32_t>(hashes_.size());
    hashes_.push_back(hash);
    if (hashes_.size() * 2 > slots_.size()) {
      slots_.assign(slots_.size() * 2, 0);
      for (std::uint32_t i = 0; i < index; ++i) place(i);
    }
    place(index);
    return index;
  }

  std::size_t size() const { return hashes_.size(); }
  void clear() {
    hashes_.clear();
    std::fill(slots_.begin(), slots_.end(), 0u);
  }

 private:
  static constexpr std::size_t kSlotsMin = 1024;

  void place(std::uint32_t index) {
    std::size_t mask = slots_.size() - 1;
    std::size_t slot = hashes_[index] & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = index + 1;
  }

  std::vector<std::uint32_t> slots_;   // index + 1; 0: free
  std::vector<std::uint64_t> hashes_;  // by index
};

}  // namespace weir
