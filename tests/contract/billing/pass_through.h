// A CloseStore that passes everything on, for tests that change one call of it.
#pragma once

#include "billing/close_store.h"

#include <functional>
#include <memory>
#include <utility>

namespace weir {

class PassThroughClose : public CloseTransaction {
 public:
  explicit PassThroughClose(std::unique_ptr<CloseTransaction> real) : real_(std::move(real)) {}

  Result<bool> advance_closed_until(std::int64_t t) override {
    return real_->advance_closed_until(t);
  }
  Result<std::optional<CloseHead>> last_close() override { return real_->last_close(); }
  Result<std::vector<CutPartition>> fence_progress() override { return real_->fence_progress(); }
  Result<std::int64_t> clock_us() override { return real_->clock_us(); }
  Result<QuotaDeployment> deployment() override { return real_->deployment(); }
  Result<std::vector<QuotaPartition>> progress(std::int32_t i) override {
    return real_->progress(i);
  }
  Result<std::vector<QuotaBlocker>> blockers() override { return real_->blockers(); }
  Result<std::int64_t> unprovable_count() override { return real_->unprovable_count(); }
  Result<QuotaProducers> producers() override { return real_->producers(); }
  Result<std::vector<Override>> overrides() override { return real_->overrides(); }
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t i, std::int64_t t) override {
    return real_->barriers(i, t);
  }
  Result<std::optional<BillingCatalog>> lock_catalog() override { return real_->lock_catalog(); }
  Result<std::optional<BillingCatalog>> former_catalog(std::int64_t id,
                                                       std::int64_t version) override {
    return real_->former_catalog(id, version);
  }
  Result<std::vector<UsageRow>> usage(std::int64_t from, std::int64_t to) override {
    return real_->usage(from, to);
  }
  Result<std::vector<AdjustmentRow>> unassigned_adjustments() override {
    return real_->unassigned_adjustments();
  }
  Result<std::vector<UnattributedRow>> open_unattributed() override {
    return real_->open_unattributed();
  }
  Result<std::vector<InvoicedSpan>> invoiced_spans() override { return real_->invoiced_spans(); }
  Result<std::vector<std::int64_t>> assign_adjustments(std::int64_t close_id,
                                                       std::span<const std::int64_t> ids) override {
    return real_->assign_adjustments(close_id, ids);
  }
  Status add_frozen(std::int64_t id, std::int64_t version, const Frozen& frozen) override {
    return real_->add_frozen(id, version, frozen);
  }
  Result<std::int64_t> count_unbilled(std::int64_t id, std::int64_t until) override {
    return real_->count_unbilled(id, until);
  }
  Status add_close(const CloseRecord& record) override { return real_->add_close(record); }
  Status commit() override { return real_->commit(); }

 protected:
  std::unique_ptr<CloseTransaction> real_;
};

/// Wraps each transaction of the real store by what `wrap` makes of it.
class WrappedCloses : public CloseStore {
 public:
  using Wrap = std::function<std::unique_ptr<CloseTransaction>(std::unique_ptr<CloseTransaction>)>;
  WrappedCloses(CloseStore& real, Wrap wrap) : real_(real), wrap_(std::move(wrap)) {}

  Result<std::unique_ptr<CloseTransaction>> begin(Deadline deadline) override {
    auto real = real_.begin(deadline);
    if (!real) return real.error();
    return wrap_(*std::move(real));
  }
  Result<std::optional<CloseHead>> find_close(std::int64_t t_us, Deadline deadline) override {
    return real_.find_close(t_us, deadline);
  }

 private:
  CloseStore& real_;
  Wrap wrap_;
};

}  // namespace weir
