#include "ingest/collector/reject_file.h"

#include "base/log.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::size_t kTextBytesMax = 64u << 10;  // of a line that is kept

Error cannot_write(const std::string& path) {
  return {errno == ENOSPC ? ErrorCode::full : ErrorCode::unavailable,
          fmt::format("{}: {}", path, std::strerror(errno)),
          "name another file with --rejects, or make room"};
}

}  // namespace

Status RejectFile::add(std::int64_t line, std::int64_t position, const Rejection& why,
                       std::string_view text) {
  if (path_.empty()) return {};
  if (!file_) file_.reset(std::fopen(path_.c_str(), append_ ? "ae" : "we"));
  if (!file_) return cannot_write(path_);
  const std::string entry =
      fmt::format(R"({{"line":{},"position":{},"reason":{},"field":{},"detail":{},"text":{}}})"
                  "\n",
                  line, position, json_quote(why.reason), json_quote(why.field),
                  json_quote(why.detail), json_quote(text.substr(0, kTextBytesMax)));
  if (std::fwrite(entry.data(), 1, entry.size(), file_.get()) != entry.size()) {
    return cannot_write(path_);
  }
  return {};
}

Status RejectFile::sync() {
  if (!file_) return {};
  if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0) return cannot_write(path_);
  return {};
}

}  // namespace weir
