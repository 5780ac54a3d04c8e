// One operator's transaction on PostgreSQL. Private to this folder.
#pragma once

#include "quota/operator/operator_store.h"
#include "storage/postgres/database.h"

namespace weir {

class PostgresOperator : public OperatorTransaction {
 public:
  static Result<std::unique_ptr<OperatorTransaction>> begin(Database& database, Deadline deadline);

  Result<std::int64_t> hold_closed_until() override;
  Result<std::vector<QuarantineRow>> quarantine(std::span<const std::int64_t> ids) override;
  Status resolve_quarantine(std::span<const std::int64_t> ids, const std::string& resolution,
                            const Decision& decision) override;
  Result<std::vector<RedriveRow>> redrives(std::span<const std::int64_t> quarantine_ids) override;
  Result<std::vector<std::int64_t>> add_redrives(std::int64_t quarantine_id,
                                                 std::span<const NewRedrive> children) override;
  Result<std::vector<std::int64_t>> discard_redrives(
      std::span<const std::int64_t> quarantine_ids) override;
  Result<std::vector<GapRow>> gaps(std::span<const std::int64_t> ids) override;
  Status accept_gaps(std::span<const std::int64_t> ids, const Decision& decision) override;
  Result<std::vector<HoleRow>> holes(std::span<const std::int64_t> ids) override;
  Result<std::vector<HoleRow>> holes_round(Incarnation incarnation, PartitionId partition,
                                           Offset end) override;
  Status accept_holes(std::span<const std::int64_t> ids, const Decision& decision) override;
  Result<std::vector<FlagRow>> flags(std::span<const std::int64_t> ids) override;
  Result<std::vector<FlagRow>> lineage_flags(Incarnation incarnation) override;
  Status clear_flags(std::span<const std::int64_t> ids, const Decision& decision) override;
  Result<std::vector<UnprovableRow>> unprovable(std::span<const std::int64_t> ids) override;
  Status resolve_unprovable(std::span<const std::int64_t> ids, const std::string& resolution,
                            const Decision& decision) override;
  Status add_adjustments(std::span<const UnprovableRow> rows) override;
  Result<std::optional<ProducerRow>> producer(const std::string& producer) override;
  Result<std::vector<ContiguousNumber>> numbers(const std::string& producer) override;
  Status end_producer(const std::string& producer, const std::vector<EpochNumbers>& final,
                      const Decision& decision) override;
  Result<std::pair<Incarnation, std::int32_t>> incarnation() override;
  Result<std::vector<ProgressRow>> end_progress(Incarnation incarnation) override;
  Status begin_incarnation(const NewIncarnation& begun, const Decision& decision) override;
  Status add_gaps(std::span<const NewGap> gaps) override;
  Result<std::optional<MoveRow>> open_move() override;
  Result<std::int64_t> declare_move(const NewMove& move, const Decision& decision) override;
  Status settle_move(std::int64_t id, const std::string& how, const Decision& decision) override;
  Result<std::vector<ProducerFinals>> all_finals() override;
  Result<std::int64_t> open_redrives() override;
  Result<std::int64_t> add_audit(const AuditEntry& entry, const Decision& decision) override;
  Status commit() override;

 private:
  PostgresOperator(Database::Lease lease, Deadline deadline)
      : lease_(std::move(lease)), deadline_(deadline) {}
  Result<Rows> run(std::string_view sql, const Params& params = Params()) {
    return transaction_->run(sql, params, deadline_);
  }
  Status write(std::string_view sql, const Params& params);
  /// With it the generations of older incarnations are forgotten.
  Status add_inherited(Incarnation incarnation, const Inherited& inherited);

  Database::Lease lease_;
  std::optional<Transaction> transaction_;
  const Deadline deadline_;
};

/// Of a statement that gives partition, next, anchor_offset, anchor_digest, anchor_append_us,
/// newest_append_us, horizon_from_us, horizon_us, restamp_window_us.
ProgressRow progress_row(const Rows& rows, std::size_t at);
/// Of one that gives id, kind, incarnation, partition, what, cleared (bool), cleared_by.
FlagRow flag_row(const Rows& rows, std::size_t at);

}  // namespace weir
