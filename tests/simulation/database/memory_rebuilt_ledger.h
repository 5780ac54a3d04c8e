// RebuiltLedger over a MemoryDatabase (quota/rebuild/postgres_rebuilt_ledger.cc).
#pragma once

#include "quota/rebuild/rebuilt_ledger.h"
#include "tests/simulation/database/memory_database.h"
#include "tests/simulation/database/memory_operator_store.h"

namespace weir::simulation {

class MemoryRebuiltLedger : public RebuiltLedger {
 public:
  explicit MemoryRebuiltLedger(MemoryDatabase& database)
      : database_(database), operators_(database) {}

  Status begin(Deadline deadline) override;
  Result<RebuiltCut> close(const CloseVector& close, Deadline deadline) override;
  Status split(const PastSplit& split, Deadline deadline) override;
  Status record(const PastDecision& decision, Deadline deadline) override;
  Status end(const std::vector<std::string>& differences, Deadline deadline) override;

  Ids find_quarantine(std::int64_t partition, std::int64_t offset, std::int64_t row,
                      Deadline deadline) override;
  Ids find_unprovable(std::string_view identity, Deadline deadline) override;
  Ids find_holes(const PastHole& hole, Deadline deadline) override;
  Ids find_gaps(std::int64_t partition, std::int64_t from, std::int64_t to,
                Deadline deadline) override;
  Ids find_flags(std::string_view kind, std::string_view what, Deadline deadline) override;
  OperatorStore& operators() override { return operators_; }

 private:
  /// `id(key, row)` of each row of which it gives one.
  template <class Table, class Id>
  Ids find(const Table& table, Id id);
  Quota& quota() { return database_.quota(); }

  MemoryDatabase& database_;
  MemoryOperatorStore operators_;
};

}  // namespace weir::simulation
