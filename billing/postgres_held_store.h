// HeldStore on PostgreSQL.
#pragma once

#include "billing/held.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresHeldStore : public HeldStore {
 public:
  explicit PostgresHeldStore(Database& database) : database_(database) {}
  Status refresh(const std::vector<HeldPeriod>& held, Deadline deadline) override;
  Result<std::vector<HeldPeriod>> open(Deadline deadline) override;
  Result<std::vector<InvoicedSpan>> invoiced_spans(Deadline deadline) override;

 private:
  Database& database_;
};

}  // namespace weir
