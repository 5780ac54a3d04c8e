// OpenTable: the open generation's identities, each with the smallest address it was entered under.
//
// Open addressing with linear probing, two slots a cache line; the identity is a keyed hash, so its
// own bits choose the slot. Nothing allocates an event: the table doubles when it is three quarters
// full, and clears without giving memory back. Addresses are of one incarnation. Threads: one.
#pragma once

#include "ingest/event/identity.h"

#include <cstdint>
#include <vector>

namespace weir {

/// A place within one incarnation of one partition.
struct RecordRow {
  std::int64_t offset = 0;
  std::uint32_t row = 0;
  auto operator<=>(const RecordRow&) const = default;
};

struct IdentityEntry {
  Identity identity;
  RecordRow place;
};

class OpenTable {
 public:
  OpenTable();

  void prefetch(const Identity& identity) const { __builtin_prefetch(&slots_[home_of(identity)]); }
  /// True when the identity was here at a smaller place; else it is entered at `place`.
  bool known_before(const Identity& identity, RecordRow place);
  /// As known_before(), entering nothing.
  bool holds_before(const Identity& identity, RecordRow place) const;

  /// The entries below `offset`, sorted by identity.
  std::vector<IdentityEntry> below(std::int64_t offset) const;
  /// Lets go of the entries below `offset`.
  void drop_below(std::int64_t offset);

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }
  /// Entries at which a table of `bytes` is due to be emptied, some way before it would double.
  static std::size_t entries_within(std::size_t bytes);

 private:
  static constexpr std::int64_t kFree = INT64_MIN;  // what is inherited stands below 0
  struct alignas(32) Slot {
    Identity identity;
    std::int64_t offset = kFree;
    std::uint32_t row = 0;
  };

  std::size_t home_of(const Identity& identity) const {
    return static_cast<std::size_t>(identity.high) & (slots_.size() - 1);
  }
  /// The slot that holds the identity, or the free one where it would go.
  std::size_t find(const Identity& identity) const;
  void place_new(const Slot& slot);
  void grow();

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace weir
