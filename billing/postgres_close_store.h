// CloseStore on PostgreSQL: each call is one statement (add_frozen: one a table).
#pragma once

#include "billing/close_store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresCloseStore : public CloseStore {
 public:
  explicit PostgresCloseStore(Database& database) : database_(database) {}
  Result<std::unique_ptr<CloseTransaction>> begin(Deadline deadline) override;
  Result<std::optional<CloseHead>> find_close(std::int64_t t_us, Deadline deadline) override;

 private:
  Database& database_;
};

}  // namespace weir
