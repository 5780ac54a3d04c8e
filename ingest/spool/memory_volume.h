// What a MemoryDisk holds: files and folders, each with what of it a power failure cannot take.
// Private to memory_disk.cc. Threads: whoever holds MemoryDisk's lock.
#pragma once

#include "ingest/spool/memory_disk.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir {

/// A file's content, whatever its names.
class MemoryContent {
 public:
  void write(std::uint64_t at, std::string_view bytes);
  void truncate(std::uint64_t bytes);
  void sync();
  /// The writes since the last one are lost, though readers still see them.
  void sync_in_vain() { unsynced_.clear(); }
  void power_fail(const MemoryDisk::Choice& choice);
  const std::string& now() const { return now_; }
  void set(std::string bytes);

 private:
  struct Change {
    std::uint64_t at = 0;
    std::string bytes;
    bool cut = false;  // to `at` bytes
  };
  static void apply(const Change& change, std::string& to);
  static void apply_torn(Change change, std::string& to, const MemoryDisk::Choice& choice);

  std::string now_;
  std::string synced_;
  std::vector<Change> unsynced_;  // what the next sync() adds to synced_
};

/// The names of one folder.
class MemoryFolder {
 public:
  using Content = std::shared_ptr<MemoryContent>;

  Content find(const std::string& name) const;
  void add(const std::string& name, Content content);
  void remove(const std::string& name);
  /// Within this folder.
  void rename(const std::string& from, const std::string& to);
  void sync();
  void power_fail(const MemoryDisk::Choice& choice);
  const std::map<std::string, Content>& now() const { return now_; }

 private:
  using Names = std::map<std::string, Content>;
  struct Change {
    std::string name;
    Content content;   // added under `name`; nullptr: removed
    std::string from;  // renamed from this name
  };
  static void apply(const Change& change, Names& to);
  void change(Change change);

  Names now_;
  Names synced_;
  std::vector<Change> unsynced_;
};

}  // namespace weir
