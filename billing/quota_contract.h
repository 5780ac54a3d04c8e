// Reads of quota's SQL contract (v2, and v1 where that stands) and of billing's own few facts, over one connection: what the gate
// and the close have in common. Nothing of quota is named anywhere but here and in
// postgres_close_store.cc.
#pragma once

#include "billing/facts.h"
#include "billing/override.h"
#include "storage/postgres/connection.h"

namespace weir {

Result<std::int64_t> read_clock_us(Connection& connection, Deadline deadline);
/// True of a standby, and of a session that may not write.
Result<bool> is_replica(Connection& connection, Deadline deadline);
Result<QuotaDeployment> read_quota_deployment(Connection& connection, Deadline deadline);
Result<std::vector<QuotaPartition>> read_progress(Connection& connection, std::int32_t incarnation,
                                                  Deadline deadline);
Result<std::vector<QuotaBlocker>> read_blockers(Connection& connection, Deadline deadline);
Result<std::int64_t> read_unprovable_count(Connection& connection, Deadline deadline);
Result<QuotaProducers> read_producers(Connection& connection, Deadline deadline);
/// Those that no revocation ended, by id.
Result<std::vector<Override>> read_overrides(Connection& connection, Deadline deadline);
/// Of the incarnation, with from_us <= t_us <= to_us, by t_us and partition.
Result<std::vector<WrittenBarrier>> read_barriers(Connection& connection, std::int32_t incarnation,
                                                  std::int64_t from_us, std::int64_t to_us,
                                                  Deadline deadline);
Result<std::optional<CloseHead>> read_last_close(Connection& connection, Deadline deadline);
Result<std::optional<BillingCatalog>> read_billing_catalog(Connection& connection,
                                                           Deadline deadline);

}  // namespace weir
