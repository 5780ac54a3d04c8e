#include "ingest/spool/file_log_sink.h"

namespace weir {

Result<std::vector<Appended>> FileLogSink::append(std::span<const OutRecord> records,
                                                  Deadline deadline) {
  std::vector<LogRecord> kept;
  kept.reserve(records.size());
  for (const OutRecord& record : records) {
    kept.push_back({record.partition, record.content_type, "", record.value, record.origin});
  }
  return log_.append(kept, deadline);
}

}  // namespace weir
