// R2: every row's subscription must hash to the partition that it came from.
//
// Hashes once per distinct subscription of a batch, not per row: the answer is kept by dictionary
// code until forget(). Rows without a subscription may stand anywhere.
#pragma once

#include "ingest/event/request_batch.h"
#include "ingest/stream/record.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

class RouteCheck {
 public:
  /// Appends to `misrouted` the rows from `from` on whose subscription belongs elsewhere.
  void find(const RequestBatch& rows, std::size_t from, PartitionId partition,
            std::int32_t partitions, std::vector<std::uint32_t>& misrouted);
  /// The batch was cleared: its codes mean something else from now on.
  void forget() { home_of_code_.clear(); }

 private:
  static constexpr std::int32_t kAnywhere = -1;
  std::vector<std::int32_t> home_of_code_;
};

/// Tells the producer how to mend it.
std::string misrouted_detail(PartitionId found, PartitionId expected, bool has_key);

}  // namespace weir
