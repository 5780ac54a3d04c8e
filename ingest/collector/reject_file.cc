#include "ingest/collector/reject_file.h"

#include "base/log.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::size_t kTextBytesMax = 64u << 10;  // of a line that is kept

}  // namespace

Error RejectFile::cannot_keep(const Error& why) const {
  return {why.code,
          fmt::format("the refused line {}, at position {}, cannot be kept: {}", first_line_,
                      first_position_, why.what),
          "make room, or name another file with --rejects; no line behind it is taken before"};
}

void RejectFile::add(std::int64_t line, std::int64_t position, const Rejection& why,
                     std::string_view text) {
  if (path_.empty()) return;
  if (waiting_.empty()) {
    first_line_ = line;
    first_position_ = position;
  }
  waiting_ +=
      fmt::format(R"({{"line":{},"position":{},"reason":{},"field":{},"detail":{},"text":{}}})"
                  "\n",
                  line, position, json_quote(why.reason), json_quote(why.field),
                  json_quote(why.detail), json_quote(text.substr(0, kTextBytesMax)));
}

// A volume that is full takes a part: the next try goes on behind it.
Status RejectFile::write() {
  while (written_ < waiting_.size()) {
    const ssize_t n = ::write(file_->get(), waiting_.data() + written_, waiting_.size() - written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of(errno, "cannot write", path_);
    written_ += static_cast<std::size_t>(n);
  }
  return {};
}

Status RejectFile::sync() {
  if (waiting_.empty()) return {};
  if (!file_) {
    const int fresh = append_ ? O_APPEND : O_TRUNC;
    Result<Descriptor> opened = Descriptor::open(path_, O_WRONLY | O_CREAT | fresh);
    if (!opened) return cannot_keep(opened.error());
    file_.emplace(*std::move(opened));
    append_ = true;  // should it be opened once more
  }
  if (Status written = write(); !written) return cannot_keep(written.error());
  if (Status synced = sync_descriptor(file_->get(), path_); !synced) {
    file_.reset();  // what it was told may be gone: all of it once more
    written_ = 0;
    return cannot_keep(synced.error());
  }
  waiting_.clear();
  written_ = 0;
  return {};
}

}  // namespace weir
