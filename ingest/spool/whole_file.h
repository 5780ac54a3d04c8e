// A small file of a log disk that is written whole: old content or new, whenever the power fails.
#pragma once

#include "ingest/spool/log_disk.h"

#include <string>
#include <string_view>

namespace weir {

/// Written aside, synced, renamed, the folder synced.
Status write_whole(LogDisk& disk, const std::string& folder, const std::string& name,
                   std::string_view bytes);

}  // namespace weir
