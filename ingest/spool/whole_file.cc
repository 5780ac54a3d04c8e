#include "ingest/spool/whole_file.h"

namespace weir {

Status write_whole(LogDisk& disk, const std::string& folder, const std::string& name,
                   std::string_view bytes) {
  const std::string path = folder + "/" + name;
  {
    Result<std::unique_ptr<LogFile>> file = disk.open(path + ".new", OpenFor::making);
    if (!file) return file.error();
    WEIR_TRY((*file)->write(0, bytes));
    WEIR_TRY((*file)->sync());
  }
  WEIR_TRY(disk.rename(path + ".new", path));
  return disk.sync_folder(folder);
}

}  // namespace weir
