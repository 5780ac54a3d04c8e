// The operators' store on PostgreSQL: each call one prepared statement in the schema `quota` (two where
// a row holds arrays). A transaction holds one connection of the pool. Threads: any, one a transaction.
#pragma once

#include "quota/operator/operator_store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresOperatorStore : public OperatorStore {
 public:
  explicit PostgresOperatorStore(Database& database) : database_(database) {}
  Result<std::unique_ptr<OperatorTransaction>> begin(Deadline deadline) override;
  Result<LineageFacts> lineage(Deadline deadline) override;

 private:
  Database& database_;
};

}  // namespace weir
