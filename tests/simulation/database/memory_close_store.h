// CloseStore over a MemoryDatabase (billing/postgres_close_store.cc, billing/frozen_rows.cc).
#pragma once

#include "billing/close_store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryCloseStore : public CloseStore {
 public:
  explicit MemoryCloseStore(MemoryDatabase& database) : database_(database) {}
  MemoryDatabase& database() { return database_; }
  Result<std::unique_ptr<CloseTransaction>> begin(Deadline deadline) override;
  Result<std::optional<CloseHead>> find_close(std::int64_t t_us, Deadline deadline) override;

 private:
  MemoryDatabase& database_;
};

}  // namespace weir::simulation
