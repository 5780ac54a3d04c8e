// Everything between the code under test and its world, passed on as it is: a mutant changes one
// call. Each names what it wraps `real_`; real things outlive what wraps them.
#pragma once

#include "billing/bill_store.h"
#include "billing/charging.h"
#include "billing/gate_store.h"
#include "billing/providers/provider.h"
#include "billing/stream_eye.h"
#include "ingest/stream/handler.h"
#include "ingest/stream/pass_through_source.h"
#include "ingest/stream/sink.h"
#include "tests/contract/billing/pass_through.h"
#include "tests/contract/quota/pass_through.h"

#include <functional>
#include <memory>
#include <utility>

namespace weir::simulation {

/// A Store whose ingest transactions are what `wrap` makes of the real ones.
class IngestWrapped : public StoreThrough {
 public:
  using WrapIngest = std::function<std::unique_ptr<IngestTransaction>(
      std::unique_ptr<IngestTransaction>, Store& store)>;
  IngestWrapped(Store& real, WrapIngest wrap) : StoreThrough(real), wrap_(std::move(wrap)) {}
  Result<std::unique_ptr<IngestTransaction>> begin(Deadline d) override {
    auto real = real_.begin(d);
    if (!real) return real;
    return wrap_(*std::move(real), real_);
  }

 private:
  WrapIngest wrap_;
};

class HandlerThrough : public Handler {
 public:
  explicit HandlerThrough(Handler& real) : real_(real) {}
  Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                           std::int32_t count, Deadline d) override {
    return real_.load(partitions, count, d);
  }
  Result<Committed> commit(const CommitBatch& batch, Deadline d) override {
    return real_.commit(batch, d);
  }
  Status report_break(PartitionId p, const std::string& what, Deadline d) override {
    return real_.report_break(p, what, d);
  }
  Sections sections() const override { return real_.sections(); }

 protected:
  Handler& real_;
};

class GateThrough : public GateStore {
 public:
  explicit GateThrough(GateStore& real) : real_(real) {}
  Result<std::int64_t> clock_us(Deadline d) override { return real_.clock_us(d); }
  Result<QuotaDeployment> deployment(Deadline d) override { return real_.deployment(d); }
  Result<std::vector<QuotaPartition>> progress(std::int32_t i, Deadline d) override {
    return real_.progress(i, d);
  }
  Result<std::vector<QuotaBlocker>> blockers(Deadline d) override { return real_.blockers(d); }
  Result<std::int64_t> unprovable_count(Deadline d) override { return real_.unprovable_count(d); }
  Result<QuotaProducers> producers(Deadline d) override { return real_.producers(d); }
  Result<std::vector<Override>> overrides(Deadline d) override { return real_.overrides(d); }
  Result<std::vector<WrittenBarrier>> barriers(std::int32_t i, std::int64_t after,
                                               Deadline d) override {
    return real_.barriers(i, after, d);
  }
  Status record_barriers(std::span<const WrittenBarrier> barriers, Deadline d) override {
    return real_.record_barriers(barriers, d);
  }
  Result<std::optional<CloseHead>> last_close(Deadline d) override { return real_.last_close(d); }
  Result<std::optional<BillingCatalog>> catalog(Deadline d) override { return real_.catalog(d); }

 protected:
  GateStore& real_;
};

class BillThrough : public BillTransaction {
 public:
  explicit BillThrough(std::unique_ptr<BillTransaction> real) : real_(std::move(real)) {}
  Result<bool> claim(std::int64_t close) override { return real_->claim(close); }
  Result<std::unique_ptr<BillableClose>> read_billable(std::int64_t close) override {
    return real_->read_billable(close);
  }
  Result<std::int64_t> next_number(const std::string& tenant) override {
    return real_->next_number(tenant);
  }
  Status add_invoice(std::int64_t close, const NewInvoice& invoice) override {
    return real_->add_invoice(close, invoice);
  }
  Result<std::int64_t> resolve_held(std::int64_t close) override {
    return real_->resolve_held(close);
  }
  Status commit() override { return real_->commit(); }

 protected:
  std::unique_ptr<BillTransaction> real_;
};

/// A BillStore whose transactions are `Bill`s over the real ones.
template <class Bill>
class BillsThrough : public BillStore {
 public:
  explicit BillsThrough(BillStore& real) : real_(real) {}
  Result<std::unique_ptr<BillTransaction>> begin(Deadline d) override {
    auto real = real_.begin(d);
    if (!real) return real;
    return std::unique_ptr<BillTransaction>(std::make_unique<Bill>(*std::move(real)));
  }
  Result<std::vector<CloseHead>> unbilled_closes(Deadline d) override {
    return real_.unbilled_closes(d);
  }

 private:
  BillStore& real_;
};

class ChargesThrough : public ChargeStore {
 public:
  explicit ChargesThrough(ChargeStore& real) : real_(real) {}
  Result<std::vector<OpenCharge>> open_charges(Deadline d) override {
    return real_.open_charges(d);
  }
  Result<bool> move(const std::string& key, ChargeState from, ChargeState to,
                    const std::string& detail, Deadline d) override {
    return real_.move(key, from, to, detail, d);
  }
  Result<bool> settle(const OpenCharge& charge, const std::string& reference, Deadline d) override {
    return real_.settle(charge, reference, d);
  }

 protected:
  ChargeStore& real_;
};

}  // namespace weir::simulation
