// HeldStore over a MemoryDatabase (billing/postgres_held_store.cc).
#pragma once

#include "billing/held.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryHeldStore : public HeldStore {
 public:
  explicit MemoryHeldStore(MemoryDatabase& database) : database_(database) {}
  Status refresh(const std::vector<HeldPeriod>& held, Deadline deadline) override;
  Result<std::vector<HeldPeriod>> open(Deadline deadline) override;
  Result<std::vector<InvoicedSpan>> invoiced_spans(Deadline deadline) override;

 private:
  MemoryDatabase& database_;
};

}  // namespace weir::simulation
