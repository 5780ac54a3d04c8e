// The usage ledger's side of the cross-check, from the close's frozen facts. Reads only.
#pragma once

#include "billing/crosscheck/crosscheck.h"
#include "storage/postgres/connection.h"

#include <map>
#include <optional>
#include <string>

namespace weir {

/// The close with that id, or the last one; its own interval as the range (of the first close: from
/// its least bucket on). `not_found` when there is none.
Result<CrosscheckPlace> read_place(Connection& connection, std::optional<std::int64_t> close_id,
                                   Deadline deadline);

struct QuotaSide {
  Catalog catalog;                             // the close's
  std::map<std::string, QuotaCounts> tenants;  // of those with a meter that counts every request
  std::vector<std::string> without_meter;      // tenants that have none
};
/// Usage before T plus the adjustments that were there before the close's fence: those that were
/// applied before `closed_at`, since the fence lets no ingest pass until the close is in.
Result<QuotaSide> read_quota_side(Connection& connection, const CrosscheckPlace& place,
                                  Deadline deadline);

}  // namespace weir
