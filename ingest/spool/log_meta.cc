// log.toml: which log lies in a folder. Declared in log_format.h.
//
// A few lines `name = value`, for people and for this program; no more of TOML than that is read.
#include "base/digest.h"
#include "ingest/spool/log_format.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace weir {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::int32_t kPartitionsMax = 100'000;

Error no_meta(const std::string& path, std::string_view why) {
  return {ErrorCode::integrity, path + ": " + std::string(why),
          "restore the folder from a copy, or move it away to begin a new log"};
}

std::map<std::string, std::string, std::less<>> values_of(std::string_view text) {
  std::map<std::string, std::string, std::less<>> values;
  while (!text.empty()) {
    const std::size_t newline = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
    const std::size_t equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string_view::npos) continue;
    values.emplace(line.substr(0, equals), line.substr(equals + 3));
  }
  return values;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string write_meta(const LogMeta& meta) {
  return "# The file log that lies in this folder. Written once; not to be changed.\n"
         "format = " +
         std::to_string(kFormat) + "\nid = \"" + to_hex(meta.id) +
         "\"\npartitions = " + std::to_string(meta.partitions) + "\n";
}

Result<LogMeta> read_meta(std::string_view text, const std::string& path) {
  auto values = values_of(text);
  if (const auto format = whole_number(values["format"]); format != kFormat) {
    return no_meta(path, format ? "written by a newer version of Weir" : "it names no format");
  }
  LogMeta meta;
  const auto partitions = whole_number(values["partitions"]);
  if (!partitions || *partitions < 1 || *partitions > kPartitionsMax) {
    return no_meta(path, "it names no number of partitions");
  }
  meta.partitions = static_cast<std::int32_t>(*partitions);
  std::string_view id = values["id"];
  if (id.size() != 2 + 2 * meta.id.size()) return no_meta(path, "it names no id");
  const Result<std::string> bytes = from_hex(id.substr(1, id.size() - 2));
  if (!bytes) return no_meta(path, "it names no id");
  std::copy(bytes->begin(), bytes->end(), meta.id.begin());
  return meta;
}

}  // namespace weir
