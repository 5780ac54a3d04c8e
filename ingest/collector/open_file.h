// A file that is open for reading, with the facts by which it is known again. Threads: one.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <utility>

namespace weir {

class OpenFile {
 public:
  /// Error `not_found`, `denied`, or `invalid` for what is no regular file.
  static Result<OpenFile> open(const std::string& path);
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), inode_(other.inode_) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    inode_ = other.inode_;
    return *this;
  }
  ~OpenFile();

  int fd() const { return fd_; }
  std::uint64_t inode() const { return inode_; }
  /// Now; 0 when it cannot be told.
  std::int64_t size() const;
  /// Size and time of the last change, now: equal ones mean that nothing was written in between.
  struct Change {
    std::int64_t size = -1, seconds = 0, nanoseconds = 0;
    bool operator==(const Change&) const = default;
  };
  Change change() const;

 private:
  OpenFile(int fd, std::uint64_t inode) : fd_(fd), inode_(inode) {}
  int fd_;
  std::uint64_t inode_;
};

}  // namespace weir
