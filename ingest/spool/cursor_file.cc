#include "ingest/spool/cursor_file.h"

#include "base/digest.h"
#include "ingest/spool/crc32c.h"
#include "ingest/spool/little_endian.h"
#include "ingest/spool/whole_file.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr const char* kName = "cursor";
constexpr std::string_view kMagic = "weircur1";
constexpr std::size_t kCountBytes = 4;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kFixedBytes =
    kMagic.size() + std::tuple_size_v<LogId> + kCountBytes + kChecksumBytes;

std::size_t bytes_for(std::int32_t partitions) {
  return kFixedBytes + static_cast<std::size_t>(partitions) * sizeof(std::int64_t);
}

Error no_cursor(const char* why) {
  return {ErrorCode::integrity, std::string("the cursor file ") + why, ""};
}

Result<LogId> log_id_of(const std::string& hex) {
  const Result<std::string> bytes = from_hex(hex);
  LogId id;
  if (!bytes || bytes->size() != id.size()) {
    return Error{ErrorCode::invalid, "\"" + hex + "\" is no log's id", ""};
  }
  std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

std::string name_of(std::size_t partition) { return "partition " + std::to_string(partition); }

}  // namespace

std::string write_cursor(const LogId& log, std::span<const Offset> needed_from) {
  std::string out(kMagic);
  out.append(log.data(), log.size());
  put_number(out, static_cast<std::uint32_t>(needed_from.size()));
  for (const Offset offset : needed_from) put_number(out, offset.value);
  put_number(out, crc32c(out));
  return out;
}

Result<std::vector<Offset>> read_cursor(const LogId& log, std::int32_t partitions,
                                        std::string_view bytes) {
  if (bytes.size() < kFixedBytes) return no_cursor("is too short");
  std::string_view checksum = bytes.substr(bytes.size() - kChecksumBytes);
  bytes.remove_suffix(kChecksumBytes);
  if (crc32c(bytes) != take_number<std::uint32_t>(checksum)) {
    return no_cursor("is damaged: its checksum is wrong");
  }
  if (!bytes.starts_with(kMagic)) return no_cursor("is of an unknown format");
  bytes.remove_prefix(kMagic.size());
  if (!bytes.starts_with(std::string_view(log.data(), log.size()))) {
    return no_cursor("is of another log");
  }
  bytes.remove_prefix(log.size());
  const auto count = take_number<std::uint32_t>(bytes);
  if (count != static_cast<std::uint32_t>(partitions) ||
      bytes.size() != count * sizeof(std::int64_t)) {
    return no_cursor("is of another number of partitions");
  }
  std::vector<Offset> needed_from;
  while (!bytes.empty()) {
    needed_from.push_back(Offset{take_number<std::int64_t>(bytes)});
    if (needed_from.back() < Offset{0}) return no_cursor("holds an offset that cannot be");
  }
  return needed_from;
}

Status store_cursor(LogDisk& disk, const std::string& folder, const std::string& log_id,
                    std::span<const Offset> needed_from) {
  const Result<LogId> id = log_id_of(log_id);
  if (!id) return id.error();
  return write_whole(disk, folder, kName, write_cursor(*id, needed_from));
}

Result<std::vector<Offset>> CursorWatch::load() const {
  const auto file = disk_.open(log_.folder() + "/" + kName, OpenFor::reading);
  if (!file) return file.error();
  std::string bytes(bytes_for(log_.partitions()) + 1, '\0');  // one more would be wrong
  const Result<std::size_t> got = (*file)->read(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  const Result<LogId> id = log_id_of(log_.id());
  if (!id) return id.error();
  return read_cursor(*id, log_.partitions(), bytes);
}

CursorWatch::Look CursorWatch::look() {
  Look look;
  Result<std::vector<Offset>> loaded = load();
  if (!loaded && loaded.error().code == ErrorCode::not_found) {
    tell("quota has written no cursor yet: retention holds everything, up to its hard bound", look);
  } else if (!loaded) {
    tell(log_.folder() + ": " + loaded.error().text() +
             ": retention holds everything until quota writes it anew, up to its hard bound",
         look);
  } else {
    look.needed_from = *std::move(loaded);
    compare(look.needed_from, look);
  }
  return look;
}

/// With what was there before, and with the log.
void CursorWatch::compare(std::vector<Offset>& now, Look& look) {
  const std::vector<Offset> before = std::exchange(last_, now);
  std::string trouble;
  for (std::size_t p = 0; p < now.size(); ++p) {
    const LogBounds at = log_.bounds(PartitionId{static_cast<std::int32_t>(p)});
    if (at.end < now[p]) {
      trouble += (trouble.empty() ? "" : "; ") + name_of(p) + ": quota's cursor is at " +
                 std::to_string(now[p].value) + ", the log ends at " +
                 std::to_string(at.end.value) +
                 ": the log lost records, or quota read another one: all of it is held";
      now[p] = Offset{0};
    } else if (!before.empty() && now[p] < before[p]) {
      look.news.push_back(name_of(p) + ": quota's cursor went back from " +
                          std::to_string(before[p].value) + " to " + std::to_string(now[p].value) +
                          " (was its database restored?); the log begins at " +
                          std::to_string(at.start.value));
    }
  }
  tell(trouble, look);
}

void CursorWatch::tell(const std::string& trouble, Look& look) {
  if (trouble == trouble_) return;
  look.news.push_back(trouble.empty() ? "quota's cursor is read again" : trouble);
  trouble_ = trouble;
}

}  // namespace weir
