// LogCursor: tells whoever keeps a file log which records weir-quota still needs (R16).
//
// That is, in each partition, what it has not applied, and before it as much as its identity index must
// be able to read again. Weir-quota alone says it; the keeper holds these records back up to a bound of
// its own. Threads: one at a time.
#pragma once

#include "ingest/spool/log_disk.h"
#include "ingest/stream/record.h"

#include <optional>
#include <span>
#include <string>

namespace weir {

class LogCursor {
 public:
  /// `disk` outlives it.
  LogCursor(LogDisk& disk, std::string log_folder) : disk_(disk), folder_(std::move(log_folder)) {}

  /// Of one partition: everything from `next` on, and what was appended at `since` or later.
  struct Need {
    Offset next;
    /// Nothing: all of the partition.
    std::optional<AppendTime> since;
  };
  /// `needs`: by partition; all of a partition that is not named. `cluster_id` is the log that the database
  /// was filled from: nothing is said of another one, whose records are then all held.
  Status publish(const std::string& cluster_id, std::span<const Need> needs);

 private:
  LogDisk& disk_;
  const std::string folder_;
};

}  // namespace weir
