#include "ingest/spool/log_identity.h"

#include "ingest/spool/log_folder.h"

namespace weir {

Error no_stream_log(const std::string& folder) {
  return {ErrorCode::not_found, "there is no log in " + folder,
          "make it: weir-ingest topic create"};
}

Result<LogIdentity> identify_log(LogDisk& disk, const std::string& folder) {
  const Result<LogMeta> meta = load_meta(disk, folder);
  if (!meta) return meta.error();
  return LogIdentity{to_hex(meta->id), meta->partitions};
}

}  // namespace weir
