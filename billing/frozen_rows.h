// What a close freezes, as rows: read from quota's contract and from earlier closes, written to the
// snapshot. Each call is a statement in the caller's transaction (add: one a table).
#pragma once

#include "billing/freeze.h"
#include "storage/postgres/connection.h"

#include <vector>

namespace weir {

class FrozenRows {
 public:
  FrozenRows(Connection& connection, Deadline deadline)
      : connection_(connection), deadline_(deadline) {}

  /// Of buckets in [from, to), in no order; a bucket of two incarnations is two rows.
  Result<std::vector<UsageRow>> usage(std::int64_t from_us, std::int64_t to_us);
  Result<std::vector<AdjustmentRow>> unassigned_adjustments();
  Result<std::vector<UnattributedRow>> open_unattributed();
  Result<std::vector<InvoicedSpan>> invoiced_spans();

  Status add(std::int64_t close_id, std::int64_t catalog_version, const Frozen& frozen);

 private:
  Result<Rows> run(std::string_view sql, const Params& params);
  Status copy(const std::string& into, const CopyRows& rows);
  Status add_snapshot(std::int64_t close_id, const Frozen& frozen);
  Status add_due(std::int64_t close_id, std::int64_t catalog_version, const Frozen& frozen);
  Status add_unattributed(std::int64_t close_id, const Frozen& frozen);
  Status add_attributions(std::int64_t close_id, const Frozen& frozen);

  Connection& connection_;
  Deadline deadline_;
};

}  // namespace weir
