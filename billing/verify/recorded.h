// What is recorded about a close that its recount needs: the cut, verdicts by address, and the sums
// that should come out. Reads only; in the caller's transaction.
#pragma once

#include "billing/verify/recount.h"
#include "storage/postgres/connection.h"

#include <map>
#include <optional>

namespace weir {

struct RecordedClose {
  std::int64_t id = 0, t_us = 0, closed_at_us = 0, incarnation = 0;
  std::vector<std::int64_t> cut;  // N, by partition
  Micros bucket{0}, skew{0}, restamp_window{0};
  Catalog catalog;  // the latest: it says of every earlier time what was in force then
};
Result<RecordedClose> read_recorded_close(Connection& connection,
                                          std::optional<std::int64_t> close_id, Deadline deadline);

/// By partition.
Result<std::map<std::int64_t, RecordedVerdicts>> read_verdicts(Connection& connection,
                                                               const RecordedClose& close,
                                                               Deadline deadline);
/// Usage and adjustments of event times in [from_us, T) that the close knew, without the adjustments
/// that accepted events made: those are no record's own.
Result<std::map<BucketKey, std::int64_t>> read_sums(Connection& connection,
                                                    const RecordedClose& close,
                                                    std::int64_t from_us, Deadline deadline);

}  // namespace weir
