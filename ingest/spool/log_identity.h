// Which log lies in a folder: for who would know without reading it, and without its writer.
#pragma once

#include "base/result.h"
#include "ingest/spool/log_disk.h"

#include <cstdint>
#include <string>

namespace weir {

struct LogIdentity {
  std::string id;  // 32 hex digits, as FileLog::id()
  std::int32_t partitions = 0;
};

/// `not_found`, for people who would have a stream there.
Error no_stream_log(const std::string& folder);

/// `not_found` when there is no log; `integrity` when log.toml cannot be read.
Result<LogIdentity> identify_log(LogDisk& disk, const std::string& folder);

}  // namespace weir
