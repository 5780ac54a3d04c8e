#include "ingest/identity/open_table.h"

#include <algorithm>
#include <utility>

namespace weir {

constexpr std::size_t kSlotsMin = 1024;

namespace {

/// Three quarters: beyond that linear probes grow long.
constexpr std::size_t load_limit(std::size_t slots) { return slots / 4 * 3; }

}  // namespace

OpenTable::OpenTable() : slots_(kSlotsMin) {}

std::size_t OpenTable::entries_within(std::size_t bytes) {
  std::size_t slots = kSlotsMin;
  while (slots * 2 * sizeof(Slot) <= bytes) slots *= 2;
  return slots / 8 * 5;  // room for what comes until the seal is named
}

std::size_t OpenTable::find(const Identity& identity) const {
  std::size_t at = home_of(identity);
  while (slots_[at].offset != kFree && slots_[at].identity != identity) {
    at = (at + 1) & (slots_.size() - 1);
  }
  return at;
}

bool OpenTable::known_before(const Identity& identity, RecordRow place) {
  Slot& slot = slots_[find(identity)];
  if (slot.offset == kFree) {
    slot = Slot{identity, place.offset, place.row};
    if (++size_ > load_limit(slots_.size())) grow();
    return false;
  }
  RecordRow known{slot.offset, slot.row};
  if (known < place) return true;
  slot.offset = place.offset;
  slot.row = place.row;
  return false;
}

bool OpenTable::holds_before(const Identity& identity, RecordRow place) const {
  const Slot& slot = slots_[find(identity)];
  return slot.offset != kFree && RecordRow{slot.offset, slot.row} < place;
}

std::vector<IdentityEntry> OpenTable::below(std::int64_t offset) const {
  std::vector<IdentityEntry> entries;
  entries.reserve(size_);
  for (const Slot& slot : slots_) {
    if (slot.offset == kFree || slot.offset >= offset) continue;
    entries.push_back({slot.identity, {slot.offset, slot.row}});
  }
  std::sort(entries.begin(), entries.end(),
            [](const IdentityEntry& a, const IdentityEntry& b) { return a.identity < b.identity; });
  return entries;
}

void OpenTable::drop_below(std::int64_t offset) {
  std::vector<Slot> kept;
  for (const Slot& slot : slots_) {
    if (slot.offset != kFree && slot.offset >= offset) kept.push_back(slot);
  }
  std::fill(slots_.begin(), slots_.end(), Slot{});
  size_ = kept.size();
  for (const Slot& slot : kept) place_new(slot);
}

void OpenTable::place_new(const Slot& slot) { slots_[find(slot.identity)] = slot; }

void OpenTable::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.offset != kFree) place_new(slot);
  }
}

}  // namespace weir
