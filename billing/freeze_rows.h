// The rows that a close freezes, read from wherever it stands: within a close's transaction, or for a
// preview of one.
#pragma once

#include "billing/freeze.h"

#include <cstdint>
#include <utility>

namespace weir {

/// `rows`: a CloseTransaction, or FrozenRows. [previous_us, t_us) is what is frozen.
template <class Rows>
Result<Frozen> freeze_rows(Rows& rows, const Catalog& catalog, std::int64_t previous_us,
                           std::int64_t t_us) {
  FreezeInput input;
  input.catalog = &catalog;
  input.t_us = t_us;
  auto usage = rows.usage(previous_us, t_us);
  if (!usage) return usage.error();
  input.usage = *std::move(usage);
  auto adjustments = rows.unassigned_adjustments();
  if (!adjustments) return adjustments.error();
  input.adjustments = *std::move(adjustments);
  auto unattributed = rows.open_unattributed();
  if (!unattributed) return unattributed.error();
  input.unattributed = *std::move(unattributed);
  auto invoiced = rows.invoiced_spans();
  if (!invoiced) return invoiced.error();
  input.invoiced = *std::move(invoiced);
  return freeze(input);
}

}  // namespace weir
