#include "ingest/spool/memory_volume.h"

#include <algorithm>
#include <utility>

namespace weir {

void MemoryContent::apply(const Change& change, std::string& to) {
  if (change.cut) {
    to.resize(std::min<std::size_t>(to.size(), change.at));
    return;
  }
  if (to.size() < change.at + change.bytes.size()) to.resize(change.at + change.bytes.size());
  to.replace(change.at, change.bytes.size(), change.bytes);
}

/// All of a change, nothing, the beginning of it, or all but a piece (the length grew, and some
/// sectors did not come to the disk: they read as zeros, or as what stood there).
void MemoryContent::apply_torn(Change change, std::string& to, const MemoryDisk::Choice& choice) {
  switch (choice(change.cut ? 2 : 4)) {
    case 0:
      return;
    case 1:
      return apply(change, to);
    case 2:
      change.bytes.resize(choice(change.bytes.size() + 1));
      return apply(change, to);
    default:
      break;
  }
  const std::uint64_t from = choice(change.bytes.size() + 1);
  const std::uint64_t until = from + choice(change.bytes.size() - from + 1);
  std::string before = to;
  before.resize(std::max<std::size_t>(to.size(), change.at + change.bytes.size()));
  apply(change, to);
  to.replace(change.at + from, until - from, before, change.at + from, until - from);
}

void MemoryContent::write(std::uint64_t at, std::string_view bytes) {
  unsynced_.push_back({at, std::string(bytes), false});
  apply(unsynced_.back(), now_);
}

void MemoryContent::truncate(std::uint64_t bytes) {
  unsynced_.push_back({bytes, "", true});
  apply(unsynced_.back(), now_);
}

void MemoryContent::sync() {
  for (const Change& change : unsynced_) apply(change, synced_);
  unsynced_.clear();
}

void MemoryContent::power_fail(const MemoryDisk::Choice& choice) {
  for (Change& change : unsynced_) apply_torn(std::move(change), synced_, choice);
  set(std::move(synced_));
}

void MemoryContent::set(std::string bytes) {
  now_ = bytes;
  synced_ = std::move(bytes);
  unsynced_.clear();
}

void MemoryFolder::apply(const Change& change, Names& to) {
  if (!change.from.empty()) {
    const auto found = to.find(change.from);
    if (found == to.end()) return;  // the name that was renamed never came to the disk
    to[change.name] = found->second;
    to.erase(change.from);
  } else if (change.content) {
    to[change.name] = change.content;
  } else {
    to.erase(change.name);
  }
}

void MemoryFolder::change(Change change) {
  apply(change, now_);
  unsynced_.push_back(std::move(change));
}

MemoryFolder::Content MemoryFolder::find(const std::string& name) const {
  const auto found = now_.find(name);
  return found == now_.end() ? nullptr : found->second;
}

void MemoryFolder::add(const std::string& name, Content content) {
  change({name, std::move(content), ""});
}
void MemoryFolder::remove(const std::string& name) { change({name, nullptr, ""}); }
void MemoryFolder::rename(const std::string& from, const std::string& to) {
  change({to, nullptr, from});
}

void MemoryFolder::sync() {
  synced_ = now_;
  unsynced_.clear();
}

void MemoryFolder::power_fail(const MemoryDisk::Choice& choice) {
  for (const Change& change : unsynced_) {
    if (choice(2) == 1) apply(change, synced_);
  }
  unsynced_.clear();
  for (const auto& [name, content] : synced_) content->power_fail(choice);
  now_ = synced_;
}

}  // namespace weir
