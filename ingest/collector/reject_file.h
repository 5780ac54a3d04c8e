// The reject file of `load` and `tail`: a JSON object a line for every refused line.
//
//   {"line":17,"position":4211,"reason":"malformed","field":"time","detail":"…","text":"<the line>"}
//
// Made when the first line is refused. A refused line is in memory until sync() has kept it, and a
// sync() that failed may be called again: nothing is let go (after a failed fsync, lines may stand there
// twice). Before it succeeds what it tells of must not be forgotten. Threads: one.
#pragma once

#include "base/result.h"
#include "base/volume/descriptor.h"
#include "ingest/event/limits.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

class RejectFile {
 public:
  /// Empty path: refused lines are counted and not kept. `append`: keep what is there (tail).
  RejectFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}
  void add(std::int64_t line, std::int64_t position, const Rejection& why, std::string_view text);
  /// Bytes that are in memory alone.
  std::size_t waiting() const { return waiting_.size(); }
  /// Error: the file cannot be opened or written; names it, and the first line that waits.
  Status sync();
  const std::string& path() const { return path_; }

 private:
  Status write();
  Error cannot_keep(const Error& why) const;

  std::string path_;
  bool append_;
  std::optional<Descriptor> file_;
  std::string waiting_;
  std::size_t written_ = 0;                           // of waiting_, but not synced
  std::int64_t first_line_ = 0, first_position_ = 0;  // of waiting_
};

}  // namespace weir
