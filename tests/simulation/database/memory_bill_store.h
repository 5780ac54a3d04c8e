// BillStore over a MemoryDatabase (billing/postgres_bill_store.cc, billing/billable_rows.cc).
#pragma once

#include "billing/bill_store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryBillStore : public BillStore {
 public:
  explicit MemoryBillStore(MemoryDatabase& database) : database_(database) {}
  Result<std::unique_ptr<BillTransaction>> begin(Deadline deadline) override;
  Result<std::vector<CloseHead>> unbilled_closes(Deadline deadline) override;

 private:
  MemoryDatabase& database_;
};

}  // namespace weir::simulation
