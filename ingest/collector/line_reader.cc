#include "ingest/collector/line_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::size_t kReadBytes = 128u << 10;

}  // namespace

Result<bool> FileLines::fill() {
  buffer_.erase(0, used_);
  searched_ -= used_;
  used_ = 0;
  // Of an overlong line only its beginning is kept.
  if (buffer_.size() > kLineBytesMax && searched_ == buffer_.size()) {
    skipped_ += static_cast<std::int64_t>(buffer_.size() - kLineBytesMax);
    buffer_.resize(kLineBytesMax);
    searched_ = buffer_.size();
  }
  const std::size_t had = buffer_.size();
  const std::int64_t left = std::max<std::int64_t>(0, end_ - read_to_);
  const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left, kReadBytes));
  buffer_.resize(had + wanted);
  ssize_t got = 0;
  do {
    got = pread(fd_, buffer_.data() + had, wanted, read_to_);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) {
    return Error{ErrorCode::unavailable, std::string("reading: ") + std::strerror(errno),
                 "check the disk that holds the file"};
  }
  read_to_ += got;
  return got > 0;
}

Result<bool> FileLines::next(Line& line) {
  while (true) {
    const auto newline = buffer_.find('\n', searched_);
    if (newline != std::string::npos) {
      const std::size_t length = newline - used_;
      line.text = std::string_view(buffer_).substr(used_, std::min(length, kLineBytesMax));
      line.cut = length > kLineBytesMax || skipped_ > 0;
      line.position = position_;
      position_ += skipped_ + static_cast<std::int64_t>(length) + 1;
      used_ = searched_ = newline + 1;
      skipped_ = 0;
      return true;
    }
    searched_ = buffer_.size();
    Result<bool> more = fill();
    if (!more || !*more) return more;
  }
}

bool FileLines::take_rest(Line& line) {
  if (used_ == buffer_.size()) return false;
  const std::size_t length = buffer_.size() - used_;
  line.text = std::string_view(buffer_).substr(used_, std::min(length, kLineBytesMax));
  line.cut = length > kLineBytesMax || skipped_ > 0;
  line.position = position_;
  position_ += skipped_ + static_cast<std::int64_t>(length);
  used_ = searched_ = buffer_.size();
  skipped_ = 0;
  return true;
}

}  // namespace weir
