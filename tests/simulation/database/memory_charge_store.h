// ChargeStore over a MemoryDatabase (billing/postgres_charge_store.cc).
#pragma once

#include "billing/charging.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryChargeStore : public ChargeStore {
 public:
  explicit MemoryChargeStore(MemoryDatabase& database) : database_(database) {}
  Result<std::vector<OpenCharge>> open_charges(Deadline deadline) override;
  Result<bool> move(const std::string& key, ChargeState from, ChargeState to,
                    const std::string& detail, Deadline deadline) override;
  Result<bool> settle(const OpenCharge& charge, const std::string& reference,
                      Deadline deadline) override;

 private:
  MemoryDatabase& database_;
};

}  // namespace weir::simulation
