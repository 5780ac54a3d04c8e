// Records that a stream could never take, as the forwarder keeps them (a void bears their number).
//
// Each is a file of folder/rejects: its bytes as they were to be sent, and in its name what they were:
//
//   epoch-1-partition-0-number-3-of-gw-1-5f3a0c2b.json
//   epoch-2-partition-5-number-9-redrive-17-of-redrive-12-77e01f3a.packed
//
// They were accepted, and are in no bill: as long as one is there, its folder stays, whatever becomes
// of the producer. `weir-ingest resend` sends them again and removes them. Threads: any.
#pragma once

#include "base/result.h"
#include "ingest/spool/log_disk.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct KeptRecord {
  std::string producer;
  std::int64_t epoch = 1;
  PartitionId partition{0};
  std::int64_t number = 0;
  std::int64_t redrive = 0;  // the child whose mended event it is; 0: none
  std::string content_type;
};

/// Where the records of the spool `folder` are kept.
std::string kept_folder(const std::string& folder);
/// The name of its file.
std::string name_of(const KeptRecord& record);
/// Durably; once more is success. Returns the path.
Result<std::string> keep_record(LogDisk& disk, const std::string& folder, const KeptRecord& record,
                                std::string_view value);
/// By name; none when nothing was ever kept. Error `integrity` for a file that is no kept record.
Result<std::vector<KeptRecord>> kept_records(LogDisk& disk, const std::string& folder);
Result<std::string> read_kept(LogDisk& disk, const std::string& folder, const KeptRecord& record);
Status remove_kept(LogDisk& disk, const std::string& folder,
                   const std::vector<KeptRecord>& records);

}  // namespace weir
