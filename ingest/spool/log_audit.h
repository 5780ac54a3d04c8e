// Is a file log whole? Every byte below its durable end is read and checked, without changing one, with
// or without its writer, in another process: what `weir-ingest log verify` says.
//
// Unlike LogReader it goes on behind damage, with the next segment, and it reads a log that no writer
// has opened since the machine started.
#pragma once

#include "base/result.h"
#include "ingest/spool/log_disk.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct PartitionAudit {
  PartitionId partition;
  /// [start, end) as published; where that was lost, as far as records stand there whole.
  Offset start, end;
  /// Published since the machine started. Else more may be durable, which the writer finds out when it
  /// opens the log.
  bool current = false;
  std::int64_t segments = 0;
  std::int64_t records = 0;  // whole ones, below the end
  std::int64_t bytes = 0;    // of the files, below the end
  std::optional<AppendTime> oldest, newest;
  /// Behind the end: being written now, or torn and cut at the next open.
  std::int64_t beyond_bytes = 0;
  /// `integrity`, each with its address; what lies behind it in its segment was not read.
  std::vector<Error> damage;
};

struct LogAudit {
  std::string id;
  std::vector<PartitionAudit> partitions;
  bool whole() const;
};

/// Errors: `not_found` (no log is there; says where one is, if the folder is a spool's), `integrity`
/// (log.toml), and the disk's. `progress` is told the bytes read so far, now and then.
Result<LogAudit> audit_log(LogDisk& disk, const std::string& folder,
                           const std::function<void(std::int64_t bytes)>& progress = {});

/// Calls `visit` for each whole record of `partition` from `from` on below the end, until it says false.
/// Damage ends it with `integrity`. The views live until `visit` returns.
Status walk_log(LogDisk& disk, const std::string& folder, PartitionId partition, Offset from,
                const std::function<bool(const StreamRecord&)>& visit);

}  // namespace weir
