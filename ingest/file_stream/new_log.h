// Makes the log that a box's stream lies in, once, before anybody keeps it.
#pragma once

#include "ingest/spool/log_identity.h"

namespace weir {

struct NewLog {
  LogIdentity log;
  bool made = false;  // false: it was there, with as many partitions
};

/// Durable when it returns. Errors: `conflict` (a log with another number of partitions is there, or
/// somebody is making one), `invalid` (that number cannot be), `integrity` (segments without a log.toml),
/// and the disk's.
Result<NewLog> make_file_log(LogDisk& disk, const std::string& folder, std::int32_t partitions);

}  // namespace weir
