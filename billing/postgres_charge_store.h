// ChargeStore on PostgreSQL: each call is one committed transaction.
#pragma once

#include "billing/charging.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresChargeStore : public ChargeStore {
 public:
  explicit PostgresChargeStore(Database& database) : database_(database) {}
  Result<std::vector<OpenCharge>> open_charges(Deadline deadline) override;
  Result<bool> move(const std::string& key, ChargeState from, ChargeState to,
                    const std::string& detail, Deadline deadline) override;
  Result<bool> settle(const OpenCharge& charge, const std::string& reference,
                      Deadline deadline) override;

 private:
  Database& database_;
};

}  // namespace weir
