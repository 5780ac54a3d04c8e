#include "billing/quota_contract.h"

// The session may not write, or is not meant to.
#define WEIR_READ_ONLY                                  \
  "'on' in (current_setting('transaction_read_only'), " \
  "current_setting('default_transaction_read_only'))"

namespace weir {
namespace {

std::string text(const Rows& rows, std::size_t row, int column) {
  return std::string(rows.text(row, column));
}
std::int32_t small(const Rows& rows, std::size_t row, int column) {
  return static_cast<std::int32_t>(rows.integer(row, column));
}

}  // namespace

Result<std::int64_t> read_clock_us(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run("select quota.v1_clock_us()", deadline);
  if (!rows) return rows.error();
  return rows->integer(0, 0);
}

Result<bool> is_replica(Connection& connection, Deadline deadline) {
  const Result<Rows> rows =
      connection.run("select (pg_is_in_recovery() or " WEIR_READ_ONLY ")::int", deadline);
  if (!rows) return rows.error();
  return rows->integer(0, 0) != 0;
}

Result<QuotaDeployment> read_quota_deployment(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select deployment_id, topic, cluster_id, incarnation, partitions, bucket_us, grace_us, "
      "permitted_future_us, delivery_timeout_us, partitioner, closed_until_us, "
      "coalesce(catalog_digest, ''), "
      "(replica or " WEIR_READ_ONLY ")::int from quota.v2_deployment",
      deadline);
  if (!rows) return rows.error();
  if (rows->size() != 1) {
    return Error{ErrorCode::config, "the schema quota holds no deployment", "weir-quota migrate"};
  }
  QuotaDeployment deployment;
  deployment.deployment_id = text(*rows, 0, 0);
  deployment.topic = text(*rows, 0, 1);
  deployment.cluster_id = text(*rows, 0, 2);
  deployment.incarnation = small(*rows, 0, 3);
  deployment.partitions = small(*rows, 0, 4);
  deployment.bucket_us = rows->integer(0, 5);
  deployment.grace_us = rows->integer(0, 6);
  deployment.permitted_future_us = rows->integer(0, 7);
  deployment.delivery_timeout_us = rows->integer(0, 8);
  deployment.partitioner = text(*rows, 0, 9);
  deployment.closed_until_us = rows->integer(0, 10);
  deployment.catalog_digest = text(*rows, 0, 11);
  deployment.replica = rows->integer(0, 12) != 0;
  return deployment;
}

Result<std::vector<QuotaPartition>> read_progress(Connection& connection, std::int32_t incarnation,
                                                  Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select partition, next, applied_at_us, received, applied, duplicate, quarantined, "
      "unprovable, adjusted, unnumbered, horizon_from_us, horizon_us, restamp_window_us, "
      "coalesce(restamp_short_until_us, 0) from quota.v2_progress "
      "where incarnation = $1 order by partition",
      Params().integer(incarnation), deadline);
  if (!rows) return rows.error();
  std::vector<QuotaPartition> partitions;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QuotaPartition row;
    row.partition = small(*rows, i, 0);
    row.next = rows->integer(i, 1);
    row.applied_at_us = rows->integer(i, 2);
    row.received = rows->integer(i, 3);
    row.applied = rows->integer(i, 4);
    row.duplicate = rows->integer(i, 5);
    row.quarantined = rows->integer(i, 6);
    row.unprovable = rows->integer(i, 7);
    row.adjusted = rows->integer(i, 8);
    row.unnumbered = rows->integer(i, 9);
    row.horizon_from_us = rows->integer(i, 10);
    row.horizon_us = rows->integer(i, 11);
    row.restamp_window_us = rows->integer(i, 12);
    row.restamp_short_until_us = rows->integer(i, 13);
    partitions.push_back(row);
  }
  return partitions;
}

Result<std::vector<QuotaBlocker>> read_blockers(Connection& connection, Deadline deadline) {
  // Bounded: a thousand open rows say as much as a million.
  const Result<Rows> rows = connection.run(
      "select kind, id, partition, reason, coalesce(from_offset, -1), opened_at_us "
      "from quota.v2_blockers order by opened_at_us, kind, id limit 1000",
      deadline);
  if (!rows) return rows.error();
  std::vector<QuotaBlocker> blockers;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QuotaBlocker blocker;
    blocker.kind = text(*rows, i, 0);
    blocker.id = rows->integer(i, 1);
    if (!rows->null(i, 2)) blocker.partition = small(*rows, i, 2);
    blocker.what = text(*rows, i, 3);
    if (rows->integer(i, 4) >= 0) blocker.what += " at " + std::to_string(rows->integer(i, 4));
    blocker.opened_at_us = rows->integer(i, 5);
    blockers.push_back(std::move(blocker));
  }
  return blockers;
}

Result<std::int64_t> read_unprovable_count(Connection& connection, Deadline deadline) {
  const Result<Rows> rows =
      connection.run("select n::bigint from quota.v1_unprovable_count", deadline);
  if (!rows) return rows.error();
  return rows->integer(0, 0);
}

namespace {

Result<std::vector<QuotaProducer>> read_registry(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select producer, accepted_when, registered_at_us, sealed_until_us, end_numbers, "
      "coalesce(ended_by, '') from quota.v2_producers order by producer",
      deadline);
  if (!rows) return rows.error();
  std::vector<QuotaProducer> producers;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QuotaProducer row{text(*rows, i, 0), text(*rows, i, 1), rows->integer(i, 2), {}, {},
                      text(*rows, i, 5)};
    if (!rows->null(i, 3)) row.sealed_until_us = rows->integer(i, 3);
    if (!rows->null(i, 4)) {
      auto numbers = read_numbers(rows->text(i, 4));
      if (!numbers) return numbers.error().within("end of producer " + row.producer);
      row.end_numbers = *std::move(numbers);
    }
    producers.push_back(std::move(row));
  }
  return producers;
}

Result<std::vector<QuotaSeal>> read_seals(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select producer, edge_us, until_us, append_us, numbers from quota.v2_seals "
      "order by producer, edge_us",
      deadline);
  if (!rows) return rows.error();
  std::vector<QuotaSeal> seals;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto numbers = read_numbers(rows->text(i, 4));
    if (!numbers) return numbers.error().within("stored seal of " + text(*rows, i, 0));
    seals.push_back({text(*rows, i, 0), rows->integer(i, 1), rows->integer(i, 2),
                     rows->integer(i, 3), *std::move(numbers)});
  }
  return seals;
}

}  // namespace

Result<QuotaProducers> read_producers(Connection& connection, Deadline deadline) {
  QuotaProducers found;
  auto producers = read_registry(connection, deadline);
  if (!producers) return producers.error();
  found.producers = *std::move(producers);
  auto seals = read_seals(connection, deadline);
  if (!seals) return seals.error();
  found.seals = *std::move(seals);
  // After the seals: what they promise is compared with what is applied by then, or later.
  const Result<Rows> rows = connection.run(
      "select producer, epoch, partition, contiguous from quota.v2_numbers "
      "order by producer, epoch, partition",
      deadline);
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    found.numbers.push_back(
        {text(*rows, i, 0), rows->integer(i, 1), small(*rows, i, 2), rows->integer(i, 3)});
  }
  return found;
}

Result<std::vector<Override>> read_overrides(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select id, code, producer, until_us, made_by, reason, made_at_us from billing.override o "
      "where revokes is null and not exists (select from billing.override r where r.revokes = "
      "o.id) "
      "order by id",
      deadline);
  if (!rows) return rows.error();
  std::vector<Override> overrides;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    overrides.push_back({rows->integer(i, 0), text(*rows, i, 1), text(*rows, i, 2),
                         rows->integer(i, 3), text(*rows, i, 4), text(*rows, i, 5),
                         rows->integer(i, 6)});
  }
  return overrides;
}

Result<std::vector<WrittenBarrier>> read_barriers(Connection& connection, std::int32_t incarnation,
                                                  std::int64_t from_us, std::int64_t to_us,
                                                  Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select t_us, partition, e, append_us, d0_us, d1_us from billing.barrier "
      "where incarnation = $1 and t_us between $2 and $3 order by t_us, partition",
      Params().integer(incarnation).integer(from_us).integer(to_us), deadline);
  if (!rows) return rows.error();
  std::vector<WrittenBarrier> barriers;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    barriers.push_back({rows->integer(i, 0), incarnation, small(*rows, i, 1), rows->integer(i, 2),
                        rows->integer(i, 3), rows->integer(i, 4), rows->integer(i, 5)});
  }
  return barriers;
}

Result<std::optional<CloseHead>> read_last_close(Connection& connection, Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select id, t_us, digest from billing.close order by id desc limit 1", deadline);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<CloseHead>();
  return std::optional<CloseHead>({rows->integer(0, 0), rows->integer(0, 1), text(*rows, 0, 2)});
}

Result<std::optional<BillingCatalog>> read_billing_catalog(Connection& connection,
                                                           Deadline deadline) {
  const Result<Rows> rows = connection.run(
      "select version, digest, canonical from billing.catalog order by version desc limit 1",
      deadline);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<BillingCatalog>();
  return std::optional<BillingCatalog>({rows->integer(0, 0), text(*rows, 0, 1), text(*rows, 0, 2)});
}

}  // namespace weir
