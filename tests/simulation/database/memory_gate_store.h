// GateStore over a MemoryDatabase (billing/postgres_gate_store.cc).
#pragma once

#include "billing/gate_store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryGateStore : public GateStore {
 public:
  explicit MemoryGateStore(MemoryDatabase& database) : database_(database) {}
  Result<std::int64_t> clock_us(Deadline deadline) override;
  Result<QuotaDeployment> deployment(Deadline deadline) override;
  Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation,
                                               Deadline deadline) override;
  Result<std::vector<QuotaBlocker>> blockers(Deadline deadline) override;
  Result<std::int64_t> unprovable_count(Deadline deadline) override;
  Result<QuotaProducers> producers(Deadline deadline) override;
  Result<std::vector<Override>> overrides(Deadline deadline) override;
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation, std::int64_t after_us,
                                               Deadline deadline) override;
  Status record_barriers(std::span<const WrittenBarrier> barriers, Deadline deadline) override;
  Result<std::optional<CloseHead>> last_close(Deadline deadline) override;
  Result<std::optional<BillingCatalog>> catalog(Deadline deadline) override;

 private:
  MemoryDatabase& database_;
};

}  // namespace weir::simulation
