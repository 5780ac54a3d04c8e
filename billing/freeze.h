// What a close freezes (R11 step 5), as a pure function of what it read.
//
// Usage buckets, adjustments and earlier unattributed usage become snapshot rows, one for each
// (subscription, meter, period), by the frozen catalogue. Attribution is resolved here and nowhere
// else. An adjustment is taken when its period is invoiced by this close or was by an earlier one; one
// whose period is still open waits for it. What no subscription's period holds is unattributed: it is
// kept, reported, blocks nothing, and is billed by the close whose catalogue knows it.
#pragma once

#include "base/result.h"
#include "billing/charge_key.h"
#include "catalog/catalog.h"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace weir {

struct UsageRow {
  std::string tenant, subscription, meter;
  std::int64_t bucket_us = 0;
  std::int64_t units = 0;
  auto operator<=>(const UsageRow&) const = default;
};

struct AdjustmentRow {
  std::int64_t id = 0;
  UsageRow usage;
  std::optional<TimeRange> invoiced;  // the period of an earlier close that holds its time
};

/// Usage that an earlier close could not attribute.
struct UnattributedRow {
  std::int64_t from_close = 0;
  UsageRow usage;
};

/// What earlier closes invoiced of a subscription: without holes.
struct InvoicedSpan {
  std::string tenant, subscription;
  TimeRange span;
};

struct FreezeInput {
  const Catalog* catalog = nullptr;
  std::int64_t t_us = 0;
  std::vector<UsageRow> usage;                // buckets in [previous T, T)
  std::vector<AdjustmentRow> adjustments;     // that no close has yet
  std::vector<UnattributedRow> unattributed;  // of earlier closes, not attributed since
  std::vector<InvoicedSpan> invoiced;
};

struct SnapshotKey {
  PeriodKey period;
  std::string meter;
  auto operator<=>(const SnapshotKey&) const = default;
};
struct SnapshotUnits {
  std::int64_t usage = 0;       // of this close's buckets
  std::int64_t late = 0;        // of adjustments
  std::int64_t attributed = 0;  // frozen earlier, attributed now
  bool operator==(const SnapshotUnits&) const = default;
};
struct DuePeriod {
  PeriodKey key;
  std::string customer;
  auto operator<=>(const DuePeriod&) const = default;
};

struct Frozen {
  std::map<SnapshotKey, SnapshotUnits> snapshot;
  std::vector<DuePeriod> due;                 // sorted
  std::vector<UsageRow> unattributed;         // new with this close
  std::vector<UnattributedRow> attributed;    // of earlier ones
  std::vector<std::int64_t> assigned;         // ids of adjustments, ascending
  std::int64_t adjustments_waiting = 0;       // their period is still open
  std::int64_t adjustments_unattributed = 0;  // nobody's
};

/// Brings lists into the order in which they are digested: by bytes, whatever the database's collation
/// says, so that equal facts have equal digests everywhere.
void put_in_order(Frozen& frozen);

/// Whether every sum of a period that ended at or before T is of one that this close invoices. If not,
/// they are late ones of an earlier close's, or nobody's.
bool all_due(const Frozen& frozen, std::int64_t t_us);

/// Errors: `invalid` for sums beyond 64 bits and for a catalogue whose periods cannot be computed.
Result<Frozen> freeze(const FreezeInput& input);

/// Every period that ends at or before T and that no earlier close invoiced, sorted.
Result<std::vector<DuePeriod>> due_at(const Catalog& catalog,
                                      const std::vector<InvoicedSpan>& invoiced, std::int64_t t_us);

}  // namespace weir
