#include "ingest/spool/log_disk.h"

namespace weir {

Status LogDisk::sync_together(std::span<LogFile* const> files) {
  for (LogFile* file : files) WEIR_TRY(file->sync());
  return {};
}

}  // namespace weir
