// The first step of removing a log that holds no record: the file that makes it a log goes, durably. What
// a crash leaves behind it is a log whose making was cut short, which the next open() makes good.
#pragma once

#include "ingest/spool/log_disk.h"

#include <string>

namespace weir {

/// Nobody may have it open. The other files are the caller's to remove.
Status unmake_log(LogDisk& disk, const std::string& folder);

}  // namespace weir
