#include "ingest/spool/log_folder.h"

#include "ingest/spool/whole_file.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr std::size_t kMetaBytesMax = 4096;
constexpr int kTornReadsMax = 100;  // of the published ends, while the writer writes them

Result<std::string> read_small(LogDisk& disk, const std::string& path) {
  Result<std::unique_ptr<LogFile>> file = disk.open(path, OpenFor::reading);
  if (!file) return file.error();
  std::string bytes(kMetaBytesMax, '\0');
  const Result<std::size_t> got = (*file)->read(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

/// Of a log whose making was cut short: no record was ever written.
Result<bool> is_left_over(LogDisk& disk, const std::string& folder, PartitionId partition,
                          const std::vector<Offset>& segments) {
  if (segments.empty()) return true;
  if (segments.size() > 1 || segments.front() != Offset{0}) return false;
  const auto file = disk.open(segment_path(folder, partition, Offset{0}), OpenFor::reading);
  if (!file) return file.error();
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return size.error();
  return *size <= kSegmentHeaderBytes;
}

Result<std::unique_ptr<LogFile>> try_segment(LogDisk& disk, const std::string& folder,
                                             const LogId& log, const SegmentHeader& header) {
  const std::string path = segment_path(folder, header.partition, header.first);
  Result<std::unique_ptr<LogFile>> file = disk.open(path, OpenFor::making);
  if (!file) return file.error();
  WEIR_TRY((*file)->write(0, write_segment_header(log, header)));
  WEIR_TRY((*file)->sync());
  WEIR_TRY(disk.sync_folder(partition_folder(folder, header.partition)));
  return file;
}

}  // namespace

Result<LogMeta> load_meta(LogDisk& disk, const std::string& folder) {
  const Result<std::string> text = read_small(disk, meta_path(folder));
  if (!text) return text.error();
  return read_meta(*text, meta_path(folder));
}

Result<std::vector<Offset>> list_segments(LogDisk& disk, const std::string& folder,
                                          PartitionId partition) {
  const auto names = disk.list(partition_folder(folder, partition));
  if (!names) return names.error();
  std::vector<Offset> firsts;
  for (const std::string& name : *names) {
    if (const auto first = first_of_segment(name)) firsts.push_back(*first);
  }
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

Result<LogMeta> make_log(LogDisk& disk, const std::string& folder, std::int32_t partitions) {
  const LogMeta meta{random_log_id(), partitions};
  for (std::int32_t p = 0; p < partitions; ++p) {
    const PartitionId partition{p};
    WEIR_TRY(disk.make_folders(partition_folder(folder, partition)));
    const auto there = list_segments(disk, folder, partition);
    if (!there) return there.error();
    const Result<bool> left_over = is_left_over(disk, folder, partition, *there);
    if (!left_over) return left_over.error();
    if (!*left_over) {
      return Error{ErrorCode::integrity,
                   folder + ": there are segments, but no log.toml that says of which log",
                   "restore log.toml from a copy, or move the folder away to begin a new log"};
    }
    const auto made = make_segment(disk, folder, meta.id, {partition, Offset{0}, AppendTime{0}});
    if (!made) return made.error();
  }
  WEIR_TRY(write_whole(disk, folder, kMetaName, write_meta(meta)));
  return meta;
}

Result<std::unique_ptr<LogFile>> make_segment(LogDisk& disk, const std::string& folder,
                                              const LogId& log, const SegmentHeader& header) {
  auto made = try_segment(disk, folder, log, header);
  if (made) return made;
  // A segment that nobody goes on with would stand in the way of the older one, if that one grows.
  const Status removed = disk.remove(segment_path(folder, header.partition, header.first));
  if (removed && disk.sync_folder(partition_folder(folder, header.partition))) return made;
  Error error = made.error();
  error.code = ErrorCode::in_doubt;
  return error;
}

Result<std::optional<LogEnds>> load_ends(LogFile& ends, const LogId& log, PartitionId partition) {
  std::array<char, 2 * kSlotBytes> bytes;
  const auto at = static_cast<std::uint64_t>(partition.value) * bytes.size();
  std::optional<LogEnds> found;
  for (int i = 0; i < kTornReadsMax && !found; ++i) {
    const Result<std::size_t> got = ends.read(at, bytes);
    if (!got) return got.error();
    found = read_slots(log, partition, {bytes.data(), *got});
  }
  return found;
}

}  // namespace weir
