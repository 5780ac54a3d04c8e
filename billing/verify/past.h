// What stood before a close, carried from close to close: so that each one is frozen again from the
// very facts that it had, without reading the whole past for each.
//
// The facts are quota's usage before T (immutable once frozen) and the adjustments that bear the
// close's id; what earlier closes left behind (periods that they invoiced, usage that they could not
// attribute) is read once and then kept up with stored rows. Reads only; in the caller's transaction.
#pragma once

#include "billing/freeze.h"
#include "billing/verify/chain.h"
#include "storage/postgres/connection.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

/// A due period as it is stored.
struct StoredDue {
  DuePeriod due;
  std::int64_t catalog_version = 0;
};

/// The rows that a close wrote.
struct StoredFrozen {
  Frozen frozen;  // without the counts of what waited, which no row keeps
  std::vector<StoredDue> due;
};

class Past {
 public:
  explicit Past(Connection& connection) : connection_(connection) {}

  /// As it stood before close `close_id`.
  Status load_before(std::int64_t close_id, Deadline deadline);
  /// What `close` would freeze again. `catalog` is the one of its version.
  Result<Frozen> freeze_again(const StoredClose& close, const Catalog& catalog, Deadline deadline);
  Result<StoredFrozen> read_stored(std::int64_t close_id, Deadline deadline);
  /// `stored` belongs to the past from now on.
  void add(std::int64_t close_id, const StoredFrozen& stored);

 private:
  using RowKey = std::tuple<std::int64_t, std::string, std::string, std::string, std::int64_t>;
  static RowKey key_of(std::int64_t close_id, const UsageRow& row);
  Result<std::vector<AdjustmentRow>> adjustments_of(std::int64_t close_id, Deadline deadline);
  /// The invoiced period of an earlier close that holds the moment.
  std::optional<TimeRange> invoiced_at(const UsageRow& row) const;

  using Name = std::pair<std::string, std::string>;
  Connection& connection_;
  std::map<Name, std::map<std::int64_t, std::int64_t>> invoiced_;  // from → to, by subscription
  std::map<RowKey, std::int64_t> unattributed_;                    // units
};

}  // namespace weir
