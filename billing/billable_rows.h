// What invoicing a close needs, read from the snapshot alone: the periods it touches, the units known
// of them up to this close, and what earlier lines billed. In the caller's transaction.
#pragma once

#include "billing/bill_store.h"
#include "storage/postgres/connection.h"

#include <memory>

namespace weir {

class BillableRows {
 public:
  BillableRows(Connection& connection, Deadline deadline)
      : connection_(connection), deadline_(deadline) {}
  Result<std::unique_ptr<BillableClose>> read(std::int64_t close_id);

 private:
  Result<Rows> run(std::string_view sql, const Params& params);
  Status read_catalogs(std::int64_t close_id, BillableClose& billable);
  Status read_units(std::int64_t close_id, BillableClose& billable);
  /// All lines of earlier closes for the same period and meter, whatever became of their invoices.
  Status read_billed(std::int64_t close_id, BillableClose& billable);

  Connection& connection_;
  Deadline deadline_;
};

}  // namespace weir
