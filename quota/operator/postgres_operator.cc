// Of the operator's transaction: its frame, and what it does to single events.
#include "quota/operator/postgres_operator.h"

#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

#include <algorithm>

namespace weir {

Result<std::unique_ptr<OperatorTransaction>> PostgresOperator::begin(Database& database,
                                                                     Deadline deadline) {
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return std::move(lease).error();
  std::unique_ptr<PostgresOperator> self(new PostgresOperator(*std::move(lease), deadline));
  Result<Transaction> begun = Transaction::begin(*self->lease_, deadline);
  if (!begun) return std::move(begun).error();
  self->transaction_.emplace(*std::move(begun));
  return std::unique_ptr<OperatorTransaction>(std::move(self));
}

Status PostgresOperator::write(std::string_view sql, const Params& params) {
  Result<Rows> rows = run(sql, params);
  return rows ? Status() : Status(std::move(rows).error());
}

Result<std::int64_t> PostgresOperator::hold_closed_until() {
  Result<Rows> rows = run("SELECT closed_until_us FROM quota.frozen FOR SHARE");
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Result<std::int64_t> PostgresOperator::add_audit(const AuditEntry& entry,
                                                 const Decision& decision) {
  Result<Rows> rows =
      run("INSERT INTO quota.audit (at_us, actor, action, detail, reason, worth) "
          "VALUES (" WEIR_NOW_US ", $1, $2, $3, $4, $5) RETURNING id",
          Params()
              .text(database_text(decision.by))
              .text(entry.action)
              .text(entry.detail)
              .text(database_text(decision.reason))
              .text(entry.worth));
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Status PostgresOperator::commit() { return transaction_->commit(deadline_); }

Result<std::vector<QuarantineRow>> PostgresOperator::quarantine(std::span<const std::int64_t> ids) {
  Result<Rows> rows =
      run("SELECT id, incarnation, partition, record_offset, row, reason, "
          "CASE WHEN resolved_at_us IS NULL THEN '' ELSE coalesce(resolution, 'resolved') END, "
          "coalesce(resolved_by, '') FROM quota.quarantine WHERE id = ANY ($1) "
          "ORDER BY id FOR UPDATE",
          Params().integers(ids));
  if (!rows) return std::move(rows).error();
  std::vector<QuarantineRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QuarantineRow row;
    row.id = rows->integer(i, 0);
    row.incarnation = Incarnation{static_cast<std::int32_t>(rows->integer(i, 1))};
    row.partition = PartitionId{static_cast<std::int32_t>(rows->integer(i, 2))};
    row.offset = Offset{rows->integer(i, 3)};
    row.row = rows->integer(i, 4);
    row.reason = std::string(rows->text(i, 5));
    row.settled = {std::string(rows->text(i, 7)), std::string(rows->text(i, 6))};
    out.push_back(std::move(row));
  }
  return out;
}

Status PostgresOperator::resolve_quarantine(std::span<const std::int64_t> ids,
                                            const std::string& resolution,
                                            const Decision& decision) {
  return write("UPDATE quota.quarantine SET resolved_at_us = " WEIR_NOW_US
               ", resolution = $2, resolved_by = $3, resolved_reason = $4 "
               "WHERE id = ANY ($1) AND resolved_at_us IS NULL",
               Params()
                   .integers(ids)
                   .text(resolution)
                   .text(database_text(decision.by))
                   .text(database_text(decision.reason)));
}

Result<std::vector<RedriveRow>> PostgresOperator::redrives(
    std::span<const std::int64_t> quarantine_ids) {
  Result<Rows> rows =
      run("SELECT id, quarantine_id, partition, event, state FROM quota.redrive "
          "WHERE quarantine_id = ANY ($1) ORDER BY id FOR UPDATE",
          Params().integers(quarantine_ids));
  if (!rows) return std::move(rows).error();
  std::vector<RedriveRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    out.push_back({rows->integer(i, 0), rows->integer(i, 1),
                   PartitionId{static_cast<std::int32_t>(rows->integer(i, 2))}, rows->bytes(i, 3),
                   std::string(rows->text(i, 4))});
  }
  return out;
}

Result<std::vector<std::int64_t>> PostgresOperator::add_redrives(
    std::int64_t quarantine_id, std::span<const NewRedrive> children) {
  std::vector<std::int64_t> ids;
  for (const NewRedrive& child : children) {
    Result<Rows> rows =
        run("INSERT INTO quota.redrive (quarantine_id, partition, event, made_at_us) "
            "VALUES ($1, $2, $3, " WEIR_NOW_US ") RETURNING id",
            Params().integer(quarantine_id).integer(child.partition.value).bytes(child.event));
    if (!rows) return std::move(rows).error();
    ids.push_back(rows->integer(0, 0));
  }
  return ids;
}

Result<std::vector<std::int64_t>> PostgresOperator::discard_redrives(
    std::span<const std::int64_t> quarantine_ids) {
  Result<Rows> rows =
      run("UPDATE quota.redrive SET state = 'discarded', decided_at_us = " WEIR_NOW_US
          " WHERE quarantine_id = ANY ($1) AND state = 'open' RETURNING id",
          Params().integers(quarantine_ids));
  if (!rows) return std::move(rows).error();
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back(rows->integer(i, 0));
  std::ranges::sort(ids);
  return ids;
}

Result<std::vector<UnprovableRow>> PostgresOperator::unprovable(std::span<const std::int64_t> ids) {
  Result<Rows> rows =
      run("SELECT id, encode(identity, 'hex'), incarnation, partition, record_offset, row, tenant, "
          "subscription, bucket_us, "
          "CASE WHEN accepted_at_us IS NULL THEN '' ELSE coalesce(resolution, 'accepted') END, "
          "coalesce(accepted_by, '') FROM quota.unprovable WHERE id = ANY ($1) "
          "ORDER BY id FOR UPDATE",
          Params().integers(ids));
  if (!rows) return std::move(rows).error();
  std::vector<UnprovableRow> out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    UnprovableRow row;
    row.id = rows->integer(i, 0);
    row.identity = std::string(rows->text(i, 1));
    row.incarnation = Incarnation{static_cast<std::int32_t>(rows->integer(i, 2))};
    row.partition = PartitionId{static_cast<std::int32_t>(rows->integer(i, 3))};
    row.offset = Offset{rows->integer(i, 4)};
    row.row = rows->integer(i, 5);
    row.tenant = std::string(rows->text(i, 6));
    row.subscription = std::string(rows->text(i, 7));
    row.bucket_us = rows->integer(i, 8);
    row.settled = {std::string(rows->text(i, 10)), std::string(rows->text(i, 9))};
    out.push_back(std::move(row));
  }
  Result<Rows> sums =
      run("SELECT u.id, m.meter, m.units FROM quota.unprovable u, "
          "unnest(u.meters, u.units) WITH ORDINALITY AS m (meter, units, place) "
          "WHERE u.id = ANY ($1) ORDER BY u.id, m.place",
          Params().integers(ids));
  if (!sums) return std::move(sums).error();
  std::size_t at = 0;
  for (std::size_t i = 0; i < sums->size(); ++i) {
    while (out[at].id != sums->integer(i, 0)) ++at;
    out[at].meters.emplace_back(sums->text(i, 1));
    out[at].units.push_back(sums->integer(i, 2));
  }
  return out;
}

Status PostgresOperator::resolve_unprovable(std::span<const std::int64_t> ids,
                                            const std::string& resolution,
                                            const Decision& decision) {
  return write("UPDATE quota.unprovable SET accepted_at_us = " WEIR_NOW_US
               ", resolution = $2, accepted_by = $3, accepted_reason = $4 "
               "WHERE id = ANY ($1) AND accepted_at_us IS NULL",
               Params()
                   .integers(ids)
                   .text(resolution)
                   .text(database_text(decision.by))
                   .text(database_text(decision.reason)));
}

Status PostgresOperator::add_adjustments(std::span<const UnprovableRow> events) {
  std::vector<std::string_view> tenants, subscriptions, meters;
  Integers numbers(3);
  for (const UnprovableRow& event : events) {
    for (std::size_t i = 0; i < event.meters.size(); ++i) {
      tenants.push_back(event.tenant);
      subscriptions.push_back(event.subscription);
      meters.push_back(event.meters[i]);
      numbers.add({event.bucket_us, event.units[i], event.incarnation.value});
    }
  }
  Params params;
  params.texts(tenants).texts(subscriptions).texts(meters);
  numbers.put(params);
  return write(
      "INSERT INTO quota.adjustment (tenant, subscription, meter, bucket_us, units, "
      "incarnation, applied_at_us) SELECT d.tenant, d.subscription, d.meter, d.bucket_us, "
      "d.units, d.incarnation::int, " WEIR_NOW_US
      " FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], "
      "$6::bigint[]) AS d (tenant, subscription, meter, bucket_us, units, incarnation)",
      params);
}

}  // namespace weir
