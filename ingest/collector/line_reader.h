// Complete lines of a growing file, in bounded memory, each with its position.
//
// A line longer than kLineBytesMax is given cut to that length with `cut` set, and the rest of it is
// passed over. A piece at the end without its newline is kept back until the newline comes; take_rest()
// gives it when no more will come. Threads: one.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace weir {

class FileLines {
 public:
  static constexpr std::size_t kLineBytesMax = 256u << 10;

  struct Line {
    std::string_view text;  // without its newline; until the next call
    std::int64_t position = 0;
    bool cut = false;
  };

  /// Reads `fd`, which the caller owns, from `position` on, and nothing from `end` on.
  FileLines(int fd, std::int64_t position,
            std::int64_t end = std::numeric_limits<std::int64_t>::max())
      : fd_(fd), end_(end), position_(position), read_to_(position) {}

  /// The next complete line; false at the end of what is there now.
  Result<bool> next(Line& line);
  /// The piece behind the last newline; false when there is none.
  bool take_rest(Line& line);
  /// Where the next line begins: everything before it has been given.
  std::int64_t position() const { return position_; }

 private:
  Result<bool> fill();

  int fd_;
  std::int64_t end_;
  std::int64_t position_;  // of the next line's first byte
  std::int64_t read_to_;   // file offset behind what buffer_ holds
  std::string buffer_;     // bytes from the next line's start on, up to kLineBytesMax + a read
  std::size_t used_ = 0;   // of buffer_, already given
  std::size_t searched_ = 0;
  std::int64_t skipped_ = 0;  // bytes of an overlong line that were let go
};

}  // namespace weir
