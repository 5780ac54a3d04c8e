// OperatorStore over a MemoryDatabase (quota/operator/postgres_operator*.cc).
#pragma once

#include "quota/operator/operator_store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryOperatorStore : public OperatorStore {
 public:
  explicit MemoryOperatorStore(MemoryDatabase& database) : database_(database) {}
  MemoryDatabase& database() { return database_; }
  Result<std::unique_ptr<OperatorTransaction>> begin(Deadline deadline) override;
  Result<LineageFacts> lineage(Deadline deadline) override;

 private:
  MemoryDatabase& database_;
};

}  // namespace weir::simulation
