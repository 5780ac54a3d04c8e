// The operator's transaction over a MemoryDatabase. Rows by id are found by looking at all of them:
// there are few, and ids are no keys here (quota_rows.h).
#pragma once

#include "quota/operator/operator_store.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

class MemoryOperator : public OperatorTransaction {
 public:
  explicit MemoryOperator(MemoryDatabase& database)
      : quota_(database.quota()), session_(database.server()) {}

  Result<std::int64_t> hold_closed_until() override;

  Result<std::vector<weir::QuarantineRow>> quarantine(std::span<const std::int64_t> ids) override;
  Status resolve_quarantine(std::span<const std::int64_t> ids, const std::string& resolution,
                            const Decision& decision) override;
  Result<std::vector<weir::RedriveRow>> redrives(
      std::span<const std::int64_t> quarantine_ids) override;
  Result<std::vector<std::int64_t>> add_redrives(std::int64_t quarantine_id,
                                                 std::span<const NewRedrive> children) override;
  Result<std::vector<std::int64_t>> discard_redrives(
      std::span<const std::int64_t> quarantine_ids) override;

  Result<std::vector<weir::GapRow>> gaps(std::span<const std::int64_t> ids) override;
  Status accept_gaps(std::span<const std::int64_t> ids, const Decision& decision) override;
  Result<std::vector<weir::HoleRow>> holes(std::span<const std::int64_t> ids) override;
  Result<std::vector<weir::HoleRow>> holes_round(Incarnation incarnation, PartitionId partition,
                                                 Offset end) override;
  Status accept_holes(std::span<const std::int64_t> ids, const Decision& decision) override;

  Result<std::vector<weir::FlagRow>> flags(std::span<const std::int64_t> ids) override;
  Result<std::vector<weir::FlagRow>> lineage_flags(Incarnation incarnation) override;
  Status clear_flags(std::span<const std::int64_t> ids, const Decision& decision) override;

  Result<std::vector<weir::UnprovableRow>> unprovable(std::span<const std::int64_t> ids) override;
  Status resolve_unprovable(std::span<const std::int64_t> ids, const std::string& resolution,
                            const Decision& decision) override;
  Status add_adjustments(std::span<const weir::UnprovableRow> rows) override;

  Result<std::optional<weir::ProducerRow>> producer(const std::string& producer) override;
  Result<std::vector<ContiguousNumber>> numbers(const std::string& producer) override;
  Status end_producer(const std::string& producer, const std::vector<EpochNumbers>& final,
                      const Decision& decision) override;

  Result<std::pair<Incarnation, std::int32_t>> incarnation() override;
  Result<std::vector<weir::ProgressRow>> end_progress(Incarnation incarnation) override;
  Status begin_incarnation(const NewIncarnation& begun, const Decision& decision) override;
  Status add_gaps(std::span<const NewGap> gaps) override;

  Result<std::optional<weir::MoveRow>> open_move() override;
  Result<std::int64_t> declare_move(const NewMove& move, const Decision& decision) override;
  Status settle_move(std::int64_t id, const std::string& how, const Decision& decision) override;
  Result<std::vector<ProducerFinals>> all_finals() override;
  Result<std::int64_t> open_redrives() override;

  Result<std::int64_t> add_audit(const AuditEntry& entry, const Decision& decision) override;
  Status commit() override { return session_.commit("operator.commit"); }

 protected:
  Quota& quota() { return quota_; }
  Session& session() { return session_; }

 private:
  Status forget_generations_before(Incarnation incarnation);

  Quota& quota_;
  Session session_;
};

// Rows as the operator's interface has them.
weir::ProgressRow progress_of(const ProgressKey& key, const ProgressRow& row);
weir::FlagRow flag_of(std::int64_t id, const FlagRow& row);
std::string hex_of(const std::array<std::uint64_t, 2>& identity);

/// Locks the rows that `where(key, row)` FOR UPDATE, one after the other in the order of
/// `order(key, row)`; gives what `make(key, row)` makes of those that still are so.
template <class Key, class Row, class Where, class Order, class Make>
auto lock_in_order(Session& session, Table<Key, Row>& table, Where where, Order order, Make make)
    -> Result<std::vector<std::invoke_result_t<Make, const Key&, const Row&>>> {
  using At = std::invoke_result_t<Order, const Key&, const Row&>;
  std::multimap<At, Key> keys;
  table.each(session, [&](const Key& key, const Row& row) {
    if (where(key, row)) keys.emplace(order(key, row), key);
  });
  std::vector<std::invoke_result_t<Make, const Key&, const Row&>> out;
  for (const auto& [at, key] : keys) {
    const Result<const Row*> row = table.lock(session, key, Strength::update);
    if (!row) return row.error();
    if (*row != nullptr && where(key, **row)) out.push_back(make(key, **row));
  }
  return out;
}

}  // namespace weir::simulation
