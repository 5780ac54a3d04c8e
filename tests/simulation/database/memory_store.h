// quota::Store over a MemoryDatabase (quota/postgres_store.cc, quota/postgres_ingest.cc).
#pragma once

#include "quota/store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryStore : public Store {
 public:
  struct Horizon {
    Micros identity{0};
    Micros restamp_window{0};
  };
  MemoryStore(MemoryDatabase& database, Micros grace, Horizon horizon,
              Isolation isolation = Isolation::read_committed)
      : database_(database), grace_(grace), horizon_(horizon), isolation_(isolation) {}

  /// The same with another isolation.
  std::unique_ptr<MemoryStore> with(Isolation isolation) const {
    return std::make_unique<MemoryStore>(database_, grace_, horizon_, isolation);
  }
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
  MemoryDatabase& database_;
  const Micros grace_;
  const Horizon horizon_;
  const Isolation isolation_;
};

/// INSERT INTO integrity_flag … ON CONFLICT DO NOTHING: the unique index is over open flags.
Status insert_flag(Session& session, Quota& quota, FlagRow flag);

}  // namespace weir::simulation
