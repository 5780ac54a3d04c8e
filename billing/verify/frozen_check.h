// A close's frozen rows against what freezing again gives, row by row. Pure.
#pragma once

#include "billing/verify/difference.h"
#include "billing/verify/past.h"

#include <string>

namespace weir {

/// "acme/sub-1 2026-03-01T00:00:00Z"
std::string name_of(const PeriodKey& key);

void check_frozen(const StoredClose& close, const StoredFrozen& stored, const Frozen& again,
                  Differences& found);

}  // namespace weir
