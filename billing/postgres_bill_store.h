// BillStore on PostgreSQL.
#pragma once

#include "billing/bill_store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresBillStore : public BillStore {
 public:
  explicit PostgresBillStore(Database& database) : database_(database) {}
  Result<std::unique_ptr<BillTransaction>> begin(Deadline deadline) override;
  Result<std::vector<CloseHead>> unbilled_closes(Deadline deadline) override;

 private:
  Database& database_;
};

}  // namespace weir
