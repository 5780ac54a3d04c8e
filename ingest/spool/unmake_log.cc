#include "ingest/spool/unmake_log.h"

#include "ingest/spool/log_folder.h"

namespace weir {

Status unmake_log(LogDisk& disk, const std::string& folder) {
  WEIR_TRY(disk.remove(meta_path(folder)));
  return disk.sync_folder(folder);
}

}  // namespace weir
