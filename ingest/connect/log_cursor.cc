#include "ingest/connect/log_cursor.h"

#include "ingest/spool/cursor_file.h"
#include "ingest/spool/file_stream_log.h"
#include "ingest/spool/log_reader.h"

#include <algorithm>
#include <vector>

namespace weir {

Status LogCursor::publish(const std::string& cluster_id, std::span<const Need> needs) {
  const auto log = LogReader::open(disk_, folder_);
  if (!log) return log.error();
  if (cluster_id_of_log((*log)->id()) != cluster_id) return {};
  std::vector<Offset> needed_from(static_cast<std::size_t>((*log)->partitions()), Offset{0});
  for (std::size_t p = 0; p < std::min(needs.size(), needed_from.size()); ++p) {
    if (!needs[p].since) continue;
    const PartitionId partition{static_cast<std::int32_t>(p)};
    const Result<Offset> from = (*log)->older_before(partition, *needs[p].since);
    if (!from) return from.error();
    needed_from[p] = std::min(needs[p].next, *from);
  }
  return store_cursor(disk_, folder_, (*log)->id(), needed_from);
}

}  // namespace weir
