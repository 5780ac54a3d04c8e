// The close's transaction over a MemoryDatabase (billing/postgres_close_store.cc).
#pragma once

#include "billing/close_store.h"
#include "tests/simulation/database/contract_reads.h"

namespace weir::simulation {

class MemoryClose : public CloseTransaction {
 public:
  explicit MemoryClose(MemoryDatabase& database)
      : quota_(database.quota()),
        billing_(database.billing()),
        session_(database.server()),
        reads_(database, session_) {}

  Result<bool> advance_closed_until(std::int64_t t_us) override;
  Result<std::optional<CloseHead>> last_close() override;
  Result<std::vector<CutPartition>> fence_progress() override;
  Result<std::int64_t> clock_us() override;
  Result<QuotaDeployment> deployment() override;
  Result<std::vector<QuotaPartition>> progress(std::int32_t incarnation) override;
  Result<std::vector<QuotaBlocker>> blockers() override;
  Result<std::int64_t> unprovable_count() override;
  Result<QuotaProducers> producers() override;
  Result<std::vector<Override>> overrides() override;
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t incarnation,
                                               std::int64_t t_us) override;
  Result<std::optional<BillingCatalog>> lock_catalog() override;
  Result<std::optional<BillingCatalog>> former_catalog(std::int64_t close_id,
                                                       std::int64_t version) override;
  Result<std::vector<UsageRow>> usage(std::int64_t from_us, std::int64_t to_us) override;
  Result<std::vector<AdjustmentRow>> unassigned_adjustments() override;
  Result<std::vector<UnattributedRow>> open_unattributed() override;
  Result<std::vector<InvoicedSpan>> invoiced_spans() override;
  Result<std::vector<std::int64_t>> assign_adjustments(std::int64_t close_id,
                                                       std::span<const std::int64_t> ids) override;
  Status add_frozen(std::int64_t close_id, std::int64_t catalog_version,
                    const Frozen& frozen) override;
  Result<std::int64_t> count_unbilled(std::int64_t close_id, std::int64_t until_us) override;
  Status add_close(const CloseRecord& record) override;
  Status commit() override { return session_.commit("close.commit"); }

 protected:
  Quota& quota() { return quota_; }
  Session& session() { return session_; }

 private:
  Quota& quota_;
  Billing& billing_;
  Session session_;
  ContractReads reads_;
};

}  // namespace weir::simulation
