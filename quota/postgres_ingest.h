// The ingest transaction on PostgreSQL.
#pragma once

#include "quota/store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresIngest : public IngestTransaction {
 public:
  static Result<std::unique_ptr<IngestTransaction>> begin(Database& database, Micros grace,
                                                          Deadline deadline);

  Result<bool> advance_progress(Incarnation incarnation, PartitionId partition, Offset a,
                                Offset b) override;
  Result<std::int64_t> read_closed_until() override;
  Result<std::int64_t> read_catalog_version() override;
  Result<std::vector<std::string>> add_usage(Incarnation incarnation,
                                             const UsageDeltas& deltas) override;
  Status add_adjustments(Incarnation incarnation, const UsageDeltas& deltas) override;
  Status add_quarantine_records(Incarnation incarnation,
                                std::span<const Quarantined> rows) override;
  Status add_quarantine(Incarnation incarnation, std::span<const Quarantined> rows) override;
  Status add_gaps(Incarnation incarnation, std::span<const Gap> gaps) override;
  Status add_unprovable(std::span<const Unprovable> rows) override;
  Status add_flag(Incarnation incarnation, std::optional<PartitionId> partition,
                  const std::string& kind, const std::string& what) override;
  Status name_generations(std::span<const Generation> generations) override;
  Status forget_generations(std::span<const Generation> generations) override;
  Status record_progress(Incarnation incarnation, std::span<const ProgressFacts> facts) override;
  Status commit() override;

 private:
  PostgresIngest(Database::Lease lease, Micros grace, Deadline deadline)
      : lease_(std::move(lease)), grace_(grace), deadline_(deadline) {}
  Result<Rows> run(std::string_view sql, const Params& params) {
    return transaction_->run(sql, params, deadline_);
  }
  Status write(std::string_view sql, const Params& params);

  Database::Lease lease_;
  std::optional<Transaction> transaction_;
  const Micros grace_;
  const Deadline deadline_;
};

}  // namespace weir
