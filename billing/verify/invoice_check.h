// A close's invoices, drafted again from its snapshot and compared field by field. Reads only; in the
// caller's transaction.
#pragma once

#include "billing/reports.h"
#include "billing/verify/chain.h"
#include "billing/verify/difference.h"
#include "storage/postgres/connection.h"

namespace weir {

struct InvoiceTally {
  std::int64_t invoices = 0, lines = 0;
  bool pending = false;  // its invoices are not made yet: the next run makes them
};

/// Errors: the database's. Facts that cannot be rated are a difference.
Result<InvoiceTally> check_invoices(Connection& connection, const StoredClose& close,
                                    Differences& found, Deadline deadline);

/// Pure: what is stored against what should be.
void compare_invoices(const StoredClose& close, const std::vector<StoredInvoice>& stored,
                      const std::vector<DraftInvoice>& drafts, Differences& found);

}  // namespace weir
