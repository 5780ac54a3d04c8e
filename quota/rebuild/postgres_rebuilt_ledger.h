// RebuiltLedger over PostgreSQL. The database outlives it. Threads: one.
#pragma once

#include "quota/operator/postgres_operator_store.h"
#include "quota/rebuild/rebuilt_ledger.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresRebuiltLedger : public RebuiltLedger {
 public:
  explicit PostgresRebuiltLedger(Database& database) : database_(database), operators_(database) {}

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
  Ids find(std::string_view sql, const Params& params, Deadline deadline);

  Database& database_;
  PostgresOperatorStore operators_;
};

}  // namespace weir
