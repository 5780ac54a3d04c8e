// LogDisk: everything that the file log does with its volume, and nothing else.
//
// Three kinds of being written: write() puts bytes where a reader sees them at once (the page
// cache); LogFile::sync() makes a file's content survive a power failure; sync_folder() the names
// in a folder. RealDisk is the volume; MemoryDisk a model of it that fails and loses power on
// request (memory_disk.h).
//
// Errors: `full` (no space), `not_found`, `denied`, `unavailable` (the device failed); each names
// the path. After a failed sync() it is unknown what of the writes since the last one is on the
// disk, and a later sync() says nothing about them: whoever goes on writes them anew or cuts them
// off. Threads: any, but one writer a file.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

class LogFile {
 public:
  virtual ~LogFile() = default;
  /// Fills `into` from byte `at` on; fewer bytes only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t at, std::span<char> into) = 0;
  /// All of `bytes`, at byte `at`, which lies within the file or at its end. After an error any
  /// part of them may be there.
  virtual Status write(std::uint64_t at, std::string_view bytes) = 0;
  virtual Status truncate(std::uint64_t bytes) = 0;
  virtual Status sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
};

/// Held as long as it lives; ends with its process at the latest.
class LogLock {
 public:
  virtual ~LogLock() = default;
};

/// Tells when a file is written to, by this process or another.
class LogWatch {
 public:
  virtual ~LogWatch() = default;
  /// Until something was written since the last call, or since the watch began; may be true without.
  /// False: the time is over, or nobody can write while the caller waits.
  virtual bool wait(Micros timeout) = 0;
};

enum class OpenFor {
  reading,  // must be there
  writing,  // must be there
  making,   // made, or emptied if it is there
};

class LogDisk {
 public:
  virtual ~LogDisk() = default;
  virtual Result<std::unique_ptr<LogFile>> open(const std::string& path, OpenFor use) = 0;
  /// Atomic: a reader sees the old file under `to` or the new one. Durable with sync_folder().
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Removing what is not there is success. Durable with sync_folder().
  virtual Status remove(const std::string& path) = 0;
  /// With its parents, durably. What is there already is success.
  virtual Status make_folders(const std::string& folder) = 0;
  virtual Status sync_folder(const std::string& folder) = 0;
  /// Plain names of the entries, sorted. `not_found` when the folder is not there.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// One holder a folder, across processes; `conflict` names who it is.
  virtual Result<std::unique_ptr<LogLock>> lock(const std::string& folder) = 0;
  /// Differs between any two lives of the machine: what was written and not synced in another one
  /// may be gone.
  virtual std::uint64_t boot() = 0;
  /// sync() of each, at once where the volume gains by it. After an error it is unknown which of them
  /// are durable.
  virtual Status sync_together(std::span<LogFile* const> files);
  /// Of a file that is there.
  virtual std::unique_ptr<LogWatch> watch(const std::string& path) = 0;
};

}  // namespace weir
