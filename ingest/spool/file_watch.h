// Tells when a file is written to, by whatever process (inotify). Where the kernel gives no watch (their
// number is limited: fs.inotify.max_user_instances), it looks every 2 ms instead. Private to ingest/spool.
#pragma once

#include "ingest/spool/log_disk.h"

#include <memory>
#include <string>

namespace weir {

/// `path` is there. Never null.
std::unique_ptr<LogWatch> watch_file(const std::string& path);

}  // namespace weir
