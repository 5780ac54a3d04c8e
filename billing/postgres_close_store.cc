#include "billing/postgres_close_store.h"

#include "billing/columns.h"
#include "billing/quota_contract.h"

namespace weir {
namespace {

UsageRow usage_row(const Rows& rows, std::size_t row, int column) {
  return {std::string(rows.text(row, column)), std::string(rows.text(row, column + 1)),
          std::string(rows.text(row, column + 2)), rows.integer(row, column + 3),
          rows.integer(row, column + 4)};
}

class PostgresCloseTransaction : public CloseTransaction {
 public:
  PostgresCloseTransaction(Database::Lease lease, Deadline deadline)
      : lease_(std::move(lease)), deadline_(deadline) {}
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
  Result<QuotaDeployment> deployment() override { return read_deployment(*lease_, deadline_); }
  Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation) override {
    return read_progress(*lease_, incarnation, deadline_);
  }
  Result<std::vector<QuotaBlocker>> blockers() override {
    return read_blockers(*lease_, deadline_);
  }
  Result<std::int64_t> unprovable_count() override {
    return read_unprovable_count(*lease_, deadline_);
  }
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation,
                                               std::int64_t t_us) override {
    return read_barriers(*lease_, incarnation, t_us, t_us, deadline_);
  }

  Result<std::optional<BillingCatalog>> lock_catalog() override {
    // First the lock, then, in a statement of its own, what it guards.
    WEIR_TRY(run("select one from billing.gate for update", Params()));
    return read_billing_catalog(*lease_, deadline_);
  }

  Result<std::vector<UsageRow>> usage(std::int64_t from_us, std::int64_t to_us) override {
    const Result<Rows> rows =
        run("select tenant, subscription, meter, bucket_us, sum(units)::bigint from quota.v1_usage "
            "where bucket_us >= $1 and bucket_us < $2 group by 1, 2, 3, 4 order by 1, 2, 3, 4",
            Params().integer(from_us).integer(to_us));
    if (!rows) return rows.error();
    std::vector<UsageRow> usage;
    usage.reserve(rows->size());
    for (std::size_t i = 0; i < rows->size(); ++i) usage.push_back(usage_row(*rows, i, 0));
    return usage;
  }

  Result<std::vector<AdjustmentRow>> unassigned_adjustments() override {
    const Result<Rows> rows = run(
        "select a.id, a.tenant, a.subscription, a.meter, a.bucket_us, a.units, d.period_from_us, "
        "d.period_to_us from quota.v1_adjustments a left join billing.due_period d "
        "on d.tenant = a.tenant and d.subscription = a.subscription "
        "and d.period_from_us <= a.bucket_us and a.bucket_us < d.period_to_us "
        "where a.close_id is null order by a.tenant, a.subscription, a.bucket_us, a.id",
        Params());
    if (!rows) return rows.error();
    std::vector<AdjustmentRow> adjustments;
    adjustments.reserve(rows->size());
    for (std::size_t i = 0; i < rows->size(); ++i) {
      AdjustmentRow row{rows->integer(i, 0), usage_row(*rows, i, 1), {}};
      if (!rows->null(i, 6)) row.invoiced = TimeRange{rows->integer(i, 6), rows->integer(i, 7)};
      adjustments.push_back(std::move(row));
    }
    return adjustments;
  }

  Result<std::vector<UnattributedRow>> open_unattributed() override {
    const Result<Rows> rows =
        run("select u.close_id, u.tenant, u.subscription, u.meter, u.bucket_us, u.units "
            "from billing.unattributed u where not exists (select from billing.attribution a "
            "where a.from_close = u.close_id and a.tenant = u.tenant "
            "and a.subscription = u.subscription and a.meter = u.meter "
            "and a.bucket_us = u.bucket_us) order by 2, 3, 5, 4, 1",
            Params());
    if (!rows) return rows.error();
    std::vector<UnattributedRow> unattributed;
    for (std::size_t i = 0; i < rows->size(); ++i) {
      unattributed.push_back({rows->integer(i, 0), usage_row(*rows, i, 1)});
    }
    return unattributed;
  }

  Result<std::vector<InvoicedSpan>> invoiced_spans() override {
    const Result<Rows> rows =
        run("select tenant, subscription, min(period_from_us), max(period_to_us) "
            "from billing.due_period group by 1, 2",
            Params());
    if (!rows) return rows.error();
    std::vector<InvoicedSpan> spans;
    for (std::size_t i = 0; i < rows->size(); ++i) {
      spans.push_back({std::string(rows->text(i, 0)),
                       std::string(rows->text(i, 1)),
                       {rows->integer(i, 2), rows->integer(i, 3)}});
    }
    return spans;
  }

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
    WEIR_TRY(add_snapshot(close_id, frozen));
    WEIR_TRY(add_due(close_id, catalog_version, frozen));
    WEIR_TRY(add_unattributed(close_id, frozen));
    return add_attributions(close_id, frozen);
  }

  Result<std::int64_t> count_unbilled(std::int64_t close_id, std::int64_t after_us,
                                      std::int64_t until_us) override {
    const Result<Rows> rows =
        run("select count(*) from billing.snapshot s where s.period_to_us <= $3 "
            "and (s.period_to_us > $2 or s.close_id = $1) and not exists (select from "
            "billing.due_period d where d.tenant = s.tenant and d.subscription = s.subscription "
            "and d.period_from_us = s.period_from_us and d.period_to_us = s.period_to_us)",
            Params().integer(close_id).integer(after_us).integer(until_us));
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
    for (const ClosePartition& partition : record.partitions) {
      WEIR_TRY(
          run("insert into billing.close_partition (close_id, partition, n, e, log_end, "
              "anchor_offset, anchor_digest) values ($1, $2, $3, $4, $5, $6, $7)",
              Params()
                  .integer(record.head.id)
                  .integer(partition.cut.partition)
                  .integer(partition.cut.n)
                  .integer(partition.e)
                  .integer(partition.log_end)
                  .integer(partition.cut.anchor_offset)
                  .text(partition.cut.anchor_digest)));
    }
    return {};
  }

  Status commit() override { return lease_->commit(deadline_); }

 private:
  Result<Rows> run(std::string_view sql, const Params& params) {
    return lease_->run(sql, params, deadline_);
  }

  Status add_snapshot(std::int64_t close_id, const Frozen& frozen) {
    TextColumn tenant, subscription, meter;
    NumberColumn from, to, usage, late, attributed;
    for (const auto& [key, units] : frozen.snapshot) {
      tenant.add(key.period.tenant);
      subscription.add(key.period.subscription);
      meter.add(key.meter);
      from.add(key.period.from_us);
      to.add(key.period.to_us);
      usage.add(units.usage);
      late.add(units.late);
      attributed.add(units.attributed);
    }
    WEIR_TRY(
        run("insert into billing.snapshot (close_id, tenant, subscription, meter, "
            "period_from_us, period_to_us, usage_units, late_units, attributed_units) "
            "select $9::bigint, * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], "
            "$5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])",
            bind_all(tenant, subscription, meter, from, to, usage, late, attributed)
                .integer(close_id)));
    return {};
  }

  Status add_due(std::int64_t close_id, std::int64_t catalog_version, const Frozen& frozen) {
    TextColumn tenant, subscription, customer;
    NumberColumn from, to;
    for (const DuePeriod& due : frozen.due) {
      tenant.add(due.key.tenant);
      subscription.add(due.key.subscription);
      from.add(due.key.from_us);
      to.add(due.key.to_us);
      customer.add(due.customer);
    }
    WEIR_TRY(
        run("insert into billing.due_period (tenant, subscription, period_from_us, "
            "period_to_us, customer, close_id, catalog_version) select u.*, $6::bigint, $7::bigint "
            "from "
            "unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) u",
            bind_all(tenant, subscription, from, to, customer)
                .integer(close_id)
                .integer(catalog_version)));
    return {};
  }

  Status add_unattributed(std::int64_t close_id, const Frozen& frozen) {
    TextColumn tenant, subscription, meter;
    NumberColumn bucket, units;
    for (const UsageRow& row : frozen.unattributed) {
      tenant.add(row.tenant);
      subscription.add(row.subscription);
      meter.add(row.meter);
      bucket.add(row.bucket_us);
      units.add(row.units);
    }
    WEIR_TRY(run(
        "insert into billing.unattributed (close_id, tenant, subscription, meter, "
        "bucket_us, units) select $6::bigint, * from unnest($1::text[], $2::text[], $3::text[], "
        "$4::bigint[], $5::bigint[])",
        bind_all(tenant, subscription, meter, bucket, units).integer(close_id)));
    return {};
  }

  Status add_attributions(std::int64_t close_id, const Frozen& frozen) {
    TextColumn tenant, subscription, meter;
    NumberColumn from_close, bucket;
    for (const UnattributedRow& row : frozen.attributed) {
      from_close.add(row.from_close);
      tenant.add(row.usage.tenant);
      subscription.add(row.usage.subscription);
      meter.add(row.usage.meter);
      bucket.add(row.usage.bucket_us);
    }
    WEIR_TRY(
        run("insert into billing.attribution (from_close, tenant, subscription, meter, "
            "bucket_us, close_id) select u.*, $6::bigint from unnest($1::bigint[], $2::text[], "
            "$3::text[], $4::text[], $5::bigint[]) u",
            bind_all(from_close, tenant, subscription, meter, bucket).integer(close_id)));
    return {};
  }

  Database::Lease lease_;
  Deadline deadline_;
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
