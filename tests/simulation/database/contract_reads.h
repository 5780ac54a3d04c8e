// What billing reads of quota's SQL contract and of its own facts, as bodies of a statement
// (billing/quota_contract.cc): the gate runs each on a connection of its own, the close in its
// transaction.
#pragma once

#include "billing/facts.h"
#include "billing/override.h"
#include "tests/simulation/database/memory_database.h"

namespace weir::simulation {

/// quota.v2_numbers.
std::vector<QuotaNumber> contiguous_numbers(const Quota& quota, const Session& session);

class ContractReads {
 public:
  ContractReads(const MemoryDatabase& database, const Session& session)
      : quota_(database.quota()), billing_(database.billing()), session_(session) {}

  Result<QuotaDeployment> deployment() const;
  Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation) const;
  Result<std::vector<QuotaBlocker>> blockers() const;
  Result<std::int64_t> unprovable_count() const;
  Result<std::vector<QuotaProducer>> registry() const;
  Result<std::vector<QuotaSeal>> seals() const;
  Result<std::vector<QuotaNumber>> numbers() const;
  Result<std::vector<Override>> overrides() const;
  /// With from_us <= t_us <= to_us.
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation, std::int64_t from_us,
                                               std::int64_t to_us) const;
  Result<std::optional<CloseHead>> last_close() const;
  Result<std::optional<BillingCatalog>> catalog() const;
  Result<std::vector<InvoicedSpan>> invoiced_spans() const;

 private:
  const Quota& quota_;
  const Billing& billing_;
  const Session& session_;
};

}  // namespace weir::simulation
