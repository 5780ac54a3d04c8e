// The ingest transaction on PostgreSQL.
#pragma once

#include "quota/store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresIngest : public IngestTransaction {
 public:
  /// `horizon`: how far back anchors are kept, in append time.
  static Result<std::unique_ptr<IngestTransaction>> begin(Database& database, Micros grace,
                                                          Micros horizon, Deadline deadline);

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

  // postgres_numbers.cc
  Result<std::vector<NumberState>> read_numbers(std::span<const NumberQuestion> questions) override;
  Status write_numbers(Incarnation incarnation, std::span<const NumberChange> changes) override;

  // postgres_producers.cc
  Result<ProducerState> register_producer(const Seal& seal, AppendTime append_time) override;
  Status keep_finals(const std::string& producer, const std::vector<EpochNumbers>& finals) override;
  Status add_seal(const Seal& seal, AppendTime append_time, std::int64_t edge_us,
                  std::int64_t closed_until_us) override;
  Result<bool> end_producer(const Seal& seal, AppendTime append_time) override;
  Result<std::vector<ProducerEnd>> read_ends(std::span<const std::string> producers) override;
  Status revive_producer(const std::string& producer) override;

  // postgres_redrives.cc
  Result<std::vector<std::int64_t>> close_redrives(
      Incarnation incarnation, std::span<const RedriveDecision> decisions) override;
  Status add_dropped(Incarnation incarnation, std::span<const DroppedRedrive> dropped) override;
  Status keep_anchor(Incarnation incarnation, PartitionId partition, const Anchor& anchor) override;

 private:
  PostgresIngest(Database::Lease lease, Micros grace, Micros horizon, Deadline deadline)
      : lease_(std::move(lease)), grace_(grace), horizon_(horizon), deadline_(deadline) {}
  Result<Rows> run(std::string_view sql, const Params& params) {
    return transaction_->run(sql, params, deadline_);
  }
  Status write(std::string_view sql, const Params& params);
  Status cut_hole(const NumberChange& of, const HoleChange& change);

  Database::Lease lease_;
  std::optional<Transaction> transaction_;
  const Micros grace_;
  const Micros horizon_;
  const Deadline deadline_;
};

}  // namespace weir
