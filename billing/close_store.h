// The close as single-statement calls, so that the order of R11 is code one can read (close.cc).
//
// A CloseTransaction is one READ COMMITTED transaction on the primary: each call is one statement and
// sees what was committed before that statement. It rolls back when destroyed uncommitted. All calls
// share the deadline of begin(). Errors: `unavailable` (nothing was written), `in_doubt` (of commit()
// alone: look for the close by find_close), `integrity`. Threads: one a transaction.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "billing/facts.h"
#include "billing/freeze.h"
#include "billing/override.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// A partition as the fence found it: `n` is part of the cut N.
struct CutPartition {
  std::int32_t incarnation = 1;
  std::int32_t partition = 0;
  std::int64_t n = 0;
  std::int64_t anchor_offset = -1;  // -1: none
  std::string anchor_digest;
};

struct ClosePartition {
  CutPartition cut;
  std::int64_t e = 0;
  std::int64_t log_end = 0;
};

struct CloseRecord {
  CloseHead head;
  std::int64_t previous_t_us = 0;
  std::string predecessor;  // digest; "" for the first
  std::int64_t catalog_version = 0;
  std::int32_t incarnation = 1;
  std::string certificate;
  std::int64_t closed_at_us = 0;
  std::vector<ClosePartition> partitions;
};

class CloseTransaction {
 public:
  virtual ~CloseTransaction() = default;
  /// Step 1. False: it stands at T or beyond.
  virtual Result<bool> advance_closed_until(std::int64_t t_us) = 0;
  virtual Result<std::optional<CloseHead>> last_close() = 0;
  /// Step 2.
  virtual Result<std::vector<CutPartition>> fence_progress() = 0;

  // Step 3 reads again.
  virtual Result<std::int64_t> clock_us() = 0;
  virtual Result<QuotaDeployment> deployment() = 0;
  virtual Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation) = 0;
  virtual Result<std::vector<QuotaBlocker>> blockers() = 0;
  virtual Result<std::int64_t> unprovable_count() = 0;
  /// Registry, then seals, then numbers: three statements, in this order.
  virtual Result<QuotaProducers> producers() = 0;
  virtual Result<std::vector<Override>> overrides() = 0;
  virtual Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation,
                                                       std::int64_t t_us) = 0;
  /// Step 4: the latest, with no other one applied until the end of this transaction.
  virtual Result<std::optional<BillingCatalog>> lock_catalog() = 0;
  /// The catalogue that this close froze, when it is of another version.
  virtual Result<std::optional<BillingCatalog>> former_catalog(std::int64_t close_id,
                                                               std::int64_t version) = 0;

  // Step 5.
  /// In no order; a bucket that two incarnations fed is two rows.
  virtual Result<std::vector<UsageRow>> usage(std::int64_t from_us, std::int64_t to_us) = 0;
  virtual Result<std::vector<AdjustmentRow>> unassigned_adjustments() = 0;
  virtual Result<std::vector<UnattributedRow>> open_unattributed() = 0;
  virtual Result<std::vector<InvoicedSpan>> invoiced_spans() = 0;
  /// The ids that no close had.
  virtual Result<std::vector<std::int64_t>> assign_adjustments(
      std::int64_t close_id, std::span<const std::int64_t> ids) = 0;
  virtual Status add_frozen(std::int64_t close_id, std::int64_t catalog_version,
                            const Frozen& frozen) = 0;
  /// This close's snapshot rows of periods that ended by then, which no close invoices: there must be
  /// none.
  virtual Result<std::int64_t> count_unbilled(std::int64_t close_id, std::int64_t until_us) = 0;
  /// Step 6.
  virtual Status add_close(const CloseRecord& record) = 0;
  virtual Status commit() = 0;
};

class CloseStore {
 public:
  virtual ~CloseStore() = default;
  virtual Result<std::unique_ptr<CloseTransaction>> begin(Deadline deadline) = 0;
  /// The first close at T or beyond.
  virtual Result<std::optional<CloseHead>> find_close(std::int64_t t_us, Deadline deadline) = 0;
};

}  // namespace weir
