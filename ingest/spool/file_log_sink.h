// FileLogSink: a FileLog as the writing end of a stream. Threads: any.
#pragma once

#include "ingest/spool/file_log.h"

namespace weir {

class FileLogSink : public RecordSink {
 public:
  /// `log` outlives it.
  explicit FileLogSink(FileLog& log) : log_(log) {}

  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline) override { return log_.partitions(); }

 private:
  FileLog& log_;
};

}  // namespace weir
