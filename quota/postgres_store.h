// The Store on PostgreSQL: each call one prepared statement in the schema `quota`.
//
// An ingest transaction holds one connection of the pool. Bulk rows travel as arrays and are
// upserted in the order in which they come, which is key order. Threads: any, one a transaction.
#pragma once

#include "quota/store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresStore : public Store {
 public:
  /// What goes with the progress rows: written at insert_progress.
  struct Horizon {
    Micros identity{0};
    Micros restamp_window{0};
  };
  PostgresStore(Database& database, Micros grace, Horizon horizon)
      : database_(database), grace_(grace), horizon_(horizon) {}

  Result<std::unique_ptr<IngestTransaction>> begin(Deadline deadline) override;
  Result<std::optional<Offset>> read_next(Incarnation incarnation, PartitionId partition,
                                          Deadline deadline) override;
  Result<Deployment> read_deployment(Deadline deadline) override;
  Result<std::optional<StoredCatalog>> read_catalog(Deadline deadline) override;
  Result<std::int32_t> fix_partitions(std::int32_t count, Deadline deadline) override;
  Status insert_progress(Incarnation incarnation, PartitionId partition,
                         Deadline deadline) override;
  Result<PartitionState> read_partition(Incarnation incarnation, PartitionId partition,
                                        Deadline deadline) override;
  Status raise_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                    const std::string& kind, const std::string& what, Deadline deadline) override;

 private:
  Database& database_;
  const Micros grace_;
  const Horizon horizon_;
};

/// The single row of quota.deployment; error `config` when `weir-quota migrate` has not written it.
Result<Deployment> read_deployment(Connection& connection, Deadline deadline);

/// Text as PostgreSQL takes it: NUL and what is no UTF-8 become U+FFFD.
std::string database_text(std::string_view text);

}  // namespace weir
