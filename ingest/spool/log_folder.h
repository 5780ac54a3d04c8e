// Where the parts of a file log lie, and the small ones read whole. Private to ingest/spool.
#pragma once

#include "ingest/spool/log_disk.h"
#include "ingest/spool/log_format.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

inline constexpr const char* kMetaName = "log.toml";
inline std::string meta_path(const std::string& folder) { return folder + "/" + kMetaName; }
inline std::string ends_path(const std::string& folder) { return folder + "/ends"; }
inline std::string partition_folder(const std::string& folder, PartitionId partition) {
  return folder + "/" + std::to_string(partition.value);
}
inline std::string segment_path(const std::string& folder, PartitionId partition, Offset first) {
  return partition_folder(folder, partition) + "/" + segment_name(first);
}

/// `not_found` when there is no log.
Result<LogMeta> load_meta(LogDisk& disk, const std::string& folder);
/// Makes folders and first segments, then log.toml, durably.
Result<LogMeta> make_log(LogDisk& disk, const std::string& folder, std::int32_t partitions);
/// The first offsets of the partition's segments, ascending.
Result<std::vector<Offset>> list_segments(LogDisk& disk, const std::string& folder,
                                          PartitionId partition);
/// Makes an empty segment; durable, its name too, when it returns. After an error none is there,
/// or the error is `in_doubt`.
Result<std::unique_ptr<LogFile>> make_segment(LogDisk& disk, const std::string& folder,
                                              const LogId& log, const SegmentHeader& header);
/// What stands in `ends` for one partition; nothing when no slot is whole. Looks again when it came upon
/// the writer writing both.
Result<std::optional<LogEnds>> load_ends(LogFile& ends, const LogId& log, PartitionId partition);

}  // namespace weir
