// What a close at T would invoice, from what is known now. Proves nothing and leaves nothing: the
// close's own rows are written in a transaction that is rolled back, so that preview and bill are the
// same code.
#pragma once

#include "billing/invoice.h"
#include "storage/postgres/database.h"

#include <vector>

namespace weir {

/// Error `config` when no catalogue was applied; no drafts when T is closed already.
Result<std::vector<DraftInvoice>> preview(Database& database, std::int64_t t_us, Deadline deadline);

}  // namespace weir
