// Where a tail stands: which file it is in and the position of the next line. One line in a file of
// the state folder, replaced durably after the stream has acknowledged what lies before the position.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct TailPosition {
  std::string source;  // the file's identity (file_identity.h)
  std::int64_t position = 0;
  std::int64_t line = 0;  // lines before the position, for the reject file
};

class TailState {
 public:
  /// One state a tailed path.
  TailState(const std::string& folder, const std::string& tailed_path);
  /// nullopt at the first start. Error `integrity` for a damaged file, which says how to begin anew.
  Result<std::optional<TailPosition>> read() const;
  Status write(const TailPosition& position) const;
  /// Lines were lost to the tail: remembered, each loss in a line, until an operator removes the file
  /// that says so. While it is there no seal may say that everything is in.
  Status mark_lost(const std::string& what) const;
  Result<bool> lost() const;
  /// What was lost; none when lost() is false.
  Result<std::vector<std::string>> losses() const;
  std::string lost_path() const { return path_ + ".lost"; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace weir
