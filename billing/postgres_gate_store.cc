#include "billing/postgres_gate_store.h"

#include "billing/quota_contract.h"

namespace weir {
namespace {

/// Runs `read` on a connection of its own.
template <class Read>
auto with_connection(Database& database, Deadline deadline, Read read)
    -> decltype(read(std::declval<Connection&>())) {
  Result<Database::Lease> lease = database.acquire(deadline);
  if (!lease) return lease.error();
  return read(**lease);
}

}  // namespace

Result<std::int64_t> PostgresGateStore::clock_us(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_clock_us(c, deadline); });
}

Result<QuotaDeployment> PostgresGateStore::deployment(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_quota_deployment(c, deadline); });
}

Result<std::vector<QuotaPartition>> PostgresGateStore::progress(std::int32_t incarnation,
                                                                Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_progress(c, incarnation, deadline); });
}

Result<std::vector<QuotaBlocker>> PostgresGateStore::blockers(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_blockers(c, deadline); });
}

Result<std::int64_t> PostgresGateStore::unprovable_count(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_unprovable_count(c, deadline); });
}

Result<QuotaProducers> PostgresGateStore::producers(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_producers(c, deadline); });
}

Result<std::vector<Override>> PostgresGateStore::overrides(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_overrides(c, deadline); });
}

Result<std::vector<WrittenBarrier>> PostgresGateStore::barriers(std::int32_t incarnation,
                                                                std::int64_t after_us,
                                                                Deadline deadline) {
  return with_connection(database_, deadline, [&](Connection& c) {
    return read_barriers(c, incarnation, after_us + 1, INT64_MAX, deadline);
  });
}

Status PostgresGateStore::record_barriers(std::span<const WrittenBarrier> barriers,
                                          Deadline deadline) {
  Result<Database::Lease> lease = database_.acquire(deadline);
  if (!lease) return lease.error();
  for (const WrittenBarrier& barrier : barriers) {
    WEIR_TRY((*lease)->run(
        "insert into billing.barrier (t_us, incarnation, partition, e, append_us, d0_us, d1_us) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        Params()
            .integer(barrier.t_us)
            .integer(barrier.incarnation)
            .integer(barrier.partition)
            .integer(barrier.e)
            .integer(barrier.append_us)
            .integer(barrier.d0_us)
            .integer(barrier.d1_us),
        deadline));
  }
  return {};
}

Result<std::optional<CloseHead>> PostgresGateStore::last_close(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_last_close(c, deadline); });
}

Result<std::optional<BillingCatalog>> PostgresGateStore::catalog(Deadline deadline) {
  return with_connection(database_, deadline,
                         [&](Connection& c) { return read_billing_catalog(c, deadline); });
}

}  // namespace weir
