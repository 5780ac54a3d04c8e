#include "ingest/collector/file_identity.h"

#include "base/digest.h"
#include "ingest/collector/line_reader.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::size_t kDigits = 40;
constexpr std::size_t kHeadBytes = 4096;

Result<std::string> read_head(const OpenFile& file, std::size_t bytes) {
  std::string head(bytes, '\0');
  ssize_t got = 0;
  do {
    got = pread(file.fd(), head.data(), head.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return Error{ErrorCode::unavailable, std::string("reading: ") + std::strerror(errno),
                 "check the disk that holds the file"};
  }
  head.resize(static_cast<std::size_t>(got));
  return head;
}

}  // namespace

Result<LoadedFile> identify_loaded(const OpenFile& file) {
  const OpenFile::Change before = file.change();
  Result<std::string> digest = sha256_hex_of_file(file.fd());
  if (!digest) return digest.error();
  LoadedFile loaded{"load-" + digest->substr(0, kDigits), before};
  WEIR_TRY(still_the_same(file, loaded));
  return loaded;
}

Status still_the_same(const OpenFile& file, const LoadedFile& loaded) {
  if (file.change() == loaded.seen) return {};
  return Error{ErrorCode::conflict, "the file is being written to",
               "load it when it is complete, or follow it: weir-ingest tail"};
}

Result<std::optional<std::string>> tailed_file_source(const OpenFile& file) {
  FileLines lines(file.fd(), 0);
  FileLines::Line first;
  Result<bool> complete = lines.next(first);
  if (!complete) return complete.error();
  if (!*complete) return std::optional<std::string>();
  const std::string inode = fmt::format("{}", file.inode());
  const std::array<std::string_view, 2> facts = {inode, first.text};
  return std::optional("tail-" + sha256_hex(length_prefixed(facts)).substr(0, kDigits));
}

Result<FileHead> FileHead::of(const OpenFile& file) {
  Result<std::string> bytes = read_head(file, kHeadBytes);
  if (!bytes) return bytes.error();
  FileHead head;
  head.bytes_ = *std::move(bytes);
  return head;
}

Result<bool> FileHead::still_of(const OpenFile& file) {
  const OpenFile::Change now = file.change();
  if (now == seen_) return true;
  Result<std::string> bytes = read_head(file, bytes_.size());
  if (!bytes) return bytes.error();
  if (*bytes != bytes_) return false;
  seen_ = now;
  return true;
}

}  // namespace weir
