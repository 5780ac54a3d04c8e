#include "ingest/collector/file_identity.h"

#include "base/digest.h"
#include "ingest/collector/line_reader.h"

#include <array>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr std::size_t kDigits = 40;

}  // namespace

Result<std::string> loaded_file_source(const OpenFile& file) {
  Result<std::string> digest = sha256_hex_of_file(file.fd());
  if (!digest) return digest.error();
  return "load-" + digest->substr(0, kDigits);
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

}  // namespace weir
