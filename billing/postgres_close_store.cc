#include "billing/postgres_close_store.h"

#include "billing/columns.h"
#include "billing/frozen_rows.h"
#include "billing/quota_contract.h"

namespace weir {
namespace {

class PostgresCloseTransaction : public CloseTransaction {
 public:
  PostgresCloseTransaction(Database::Lease lease, Deadline deadline)
      : lease_(std::move(lease)), deadline_(deadline), rows_(*lease_, deadline) {}
  ~PostgresCloseTransaction() override {
    if (lease_->in_transaction()) lease_->rollback();
  }

  Result<bool> advance_closed_until(std::int64_t t_us) override {
    const Result<Rows> rows =
        run("select * from quota.v1_advance_closed_until($1)", Params().integer(t_us));
    if (!rows) return rows.error();
    return rows->size() == 1;
  }

  Result<std::optional<CloseHead>> last_close() override {
    return read_last_close(*lease_, deadline_);
  }

  Result<std::vector<CutPartition>> fence_progress() override {
    const Result<Rows> rows =
        run("select incarnation, partition, next, coalesce(anchor_offset, -1), "
            "coalesce(anchor_digest, '') from quota.v1_fence_progress() order by partition",
            Params());
    if (!rows) return rows.error();
    std::vector<CutPartition> cut;
    for (std::size_t i = 0; i < rows->size(); ++i) {
      cut.push_back({static_cast<std::int32_t>(rows->integer(i, 0)),
                     static_cast<std::int32_t>(rows->integer(i, 1)), rows->integer(i, 2),
                     rows->integer(i, 3), std::string(rows->text(i, 4))});
    }
    return cut;
  }

  Result<std::int64_t> clock_us() override { return read_clock_us(*lease_, deadline_); }
  Result<QuotaDeployment> deployment() override {
    return read_quota_deployment(*lease_, deadline_);
  }
  Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation) override {
    return read_progress(*lease_, incarnation, deadline_);
  }
  Result<std::vector<QuotaBlocker>> blockers() override {
    return read_blockers(*lease_, deadline_);
  }
  Result<std::int64_t> unprovable_count() override {
    return read_unprovable_count(*lease_, deadline_);
  }
  Result<QuotaProducers> producers() override { return read_producers(*lease_, deadline_); }
  Result<std::vector<Override>> overrides() override { return read_overrides(*lease_, deadline_); }
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation,
                                               std::int64_t t_us) override {
    return read_barriers(*lease_, incarnation, t_us, t_us, deadline_);
  }

  Result<std::optional<BillingCatalog>> lock_catalog() override {
    // First the lock, then, in a statement of its own, what it guards.
    WEIR_TRY(run("select one from billing.gate for update", Params()));
    return read_billing_catalog(*lease_, deadline_);
  }

  Result<std::optional<BillingCatalog>> former_catalog(std::int64_t close_id,
                                                       std::int64_t version) override {
    const Result<Rows> rows =
        run("select version, digest, canonical from billing.catalog where version <> $2 and "
            "version = (select catalog_version from billing.close where id = $1)",
            Params().integer(close_id).integer(version));
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<BillingCatalog>();
    return std::optional<BillingCatalog>(
        {rows->integer(0, 0), std::string(rows->text(0, 1)), std::string(rows->text(0, 2))});
  }

  Result<std::vector<UsageRow>> usage(std::int64_t from_us, std::int64_t to_us) override {
    return rows_.usage(from_us, to_us);
  }
  Result<std::vector<AdjustmentRow>> unassigned_adjustments() override {
    return rows_.unassigned_adjustments();
  }
  Result<std::vector<UnattributedRow>> open_unattributed() override {
    return rows_.open_unattributed();
  }
  Result<std::vector<InvoicedSpan>> invoiced_spans() override { return rows_.invoiced_spans(); }

  Result<std::vector<std::int64_t>> assign_adjustments(std::int64_t close_id,
                                                       std::span<const std::int64_t> ids) override {
    const Result<Rows> rows = run("select * from quota.v1_assign_adjustments($1, $2)",
                                  Params().integer(close_id).integers(ids));
    if (!rows) return rows.error();
    std::vector<std::int64_t> assigned;
    for (std::size_t i = 0; i < rows->size(); ++i) assigned.push_back(rows->integer(i, 0));
    return assigned;
  }

  Status add_frozen(std::int64_t close_id, std::int64_t catalog_version,
                    const Frozen& frozen) override {
    return rows_.add(close_id, catalog_version, frozen);
  }

  Result<std::int64_t> count_unbilled(std::int64_t close_id, std::int64_t until_us) override {
    const Result<Rows> rows =
        run("select count(*) from billing.snapshot s where s.close_id = $1 "
            "and s.period_to_us <= $2 and not exists (select from billing.due_period d "
            "where d.tenant = s.tenant and d.subscription = s.subscription "
            "and d.period_from_us = s.period_from_us and d.period_to_us = s.period_to_us)",
            Params().integer(close_id).integer(until_us));
    if (!rows) return rows.error();
    return rows->integer(0, 0);
  }

  Status add_close(const CloseRecord& record) override {
    WEIR_TRY(
        run("insert into billing.close (id, t_us, previous_t_us, predecessor, digest, "
            "catalog_version, incarnation, certificate, closed_at_us) "
            "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            Params()
                .integer(record.head.id)
                .integer(record.head.t_us)
                .integer(record.previous_t_us)
                .text(record.predecessor)
                .text(record.head.digest)
                .integer(record.catalog_version)
                .integer(record.incarnation)
                .text(record.certificate)
                .integer(record.closed_at_us)));
    return add_partitions(record);
  }

  Status commit() override { return lease_->commit(deadline_); }

 private:
  Status add_partitions(const CloseRecord& record) {
    NumberColumn partition, n, e, log_end, anchor_offset;
    TextColumn anchor_digest;
    for (const ClosePartition& row : record.partitions) {
      partition.add(row.cut.partition);
      n.add(row.cut.n);
      e.add(row.e);
      log_end.add(row.log_end);
      anchor_offset.add(row.cut.anchor_offset);
      anchor_digest.add(row.cut.anchor_digest);
    }
    WEIR_TRY(run(
        "insert into billing.close_partition (close_id, partition, n, e, log_end, "
        "anchor_offset, anchor_digest) select $7::bigint, * from unnest($1::bigint[], "
        "$2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])",
        bind_all(partition, n, e, log_end, anchor_offset, anchor_digest).integer(record.head.id)));
    return {};
  }

  Result<Rows> run(std::string_view sql, const Params& params) {
    return lease_->run(sql, params, deadline_);
  }

  Database::Lease lease_;
  Deadline deadline_;
  FrozenRows rows_;
};

}  // namespace

Result<std::unique_ptr<CloseTransaction>> PostgresCloseStore::begin(Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  WEIR_TRY((*lease)->begin(deadline));
  return std::unique_ptr<CloseTransaction>(
      std::make_unique<PostgresCloseTransaction>(*std::move(lease), deadline));
}

Result<std::optional<CloseHead>> PostgresCloseStore::find_close(std::int64_t t_us,
                                                                Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  const Result<Rows> rows = (*lease)->run(
      "select id, t_us, digest from billing.close where t_us >= $1 order by t_us limit 1",
      Params().integer(t_us), deadline);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<CloseHead>();
  return std::optional<CloseHead>(
      {rows->integer(0, 0), rows->integer(0, 1), std::string(rows->text(0, 2))});
}

}  // namespace weir
