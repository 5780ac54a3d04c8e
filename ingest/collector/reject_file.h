// The reject file of `load` and `tail`: a JSON object a line for every refused line.
//
//   {"line":17,"position":4211,"reason":"malformed","field":"time","detail":"…","text":"<the line>"}
//
// Made when the first line is refused. Buffered: sync() before what it tells of is forgotten.
#pragma once

#include "base/result.h"
#include "ingest/event/limits.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

class RejectFile {
 public:
  /// Empty path: refused lines are counted and not kept. `append`: keep what is there (tail).
  RejectFile(std::string path, bool append) : path_(std::move(path)), append_(append) {}
  Status add(std::int64_t line, std::int64_t position, const Rejection& why, std::string_view text);
  Status sync();
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  bool append_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace weir
