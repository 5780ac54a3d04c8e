// Everything between the code under test and its world, passed on as it is: a mutant changes one
// call. Each names what it wraps `real_`; real things outlive what wraps them.
#pragma once

#include "billing/bill_store.h"
#include "billing/charging.h"
#include "billing/gate_store.h"
#include "billing/providers/provider.h"
#include "billing/stream_eye.h"
#include "ingest/stream/handler.h"
#include "ingest/stream/sink.h"
#include "ingest/stream/source.h"
#include "quota/store.h"
#include "tests/contract/billing/pass_through.h"

#include <functional>
#include <memory>
#include <utility>

namespace weir::simulation {

class IngestThrough : public IngestTransaction {
 public:
  explicit IngestThrough(std::unique_ptr<IngestTransaction> real) : real_(std::move(real)) {}
  Result<bool> advance_progress(Incarnation i, PartitionId p, Offset a, Offset b) override {
    return real_->advance_progress(i, p, a, b);
  }
  Result<std::int64_t> read_closed_until() override { return real_->read_closed_until(); }
  Result<std::int64_t> read_catalog_version() override { return real_->read_catalog_version(); }
  Result<std::vector<std::string>> add_usage(Incarnation i, const UsageDeltas& d) override {
    return real_->add_usage(i, d);
  }
  Status add_adjustments(Incarnation i, const UsageDeltas& d) override {
    return real_->add_adjustments(i, d);
  }
  Status add_quarantine_records(Incarnation i, std::span<const Quarantined> rows) override {
    return real_->add_quarantine_records(i, rows);
  }
  Status add_quarantine(Incarnation i, std::span<const Quarantined> rows) override {
    return real_->add_quarantine(i, rows);
  }
  Status add_gaps(Incarnation i, std::span<const Gap> gaps) override {
    return real_->add_gaps(i, gaps);
  }
  Status add_unprovable(std::span<const Unprovable> rows) override {
    return real_->add_unprovable(rows);
  }
  Status add_flag(Incarnation i, std::optional<PartitionId> p, const std::string& kind,
                  const std::string& what) override {
    return real_->add_flag(i, p, kind, what);
  }
  Status name_generations(std::span<const Generation> g) override {
    return real_->name_generations(g);
  }
  Status forget_generations(std::span<const Generation> g) override {
    return real_->forget_generations(g);
  }
  Status record_progress(Incarnation i, std::span<const ProgressFacts> facts) override {
    return real_->record_progress(i, facts);
  }
  Result<std::vector<NumberState>> read_numbers(std::span<const NumberQuestion> q) override {
    return real_->read_numbers(q);
  }
  Status write_numbers(Incarnation i, std::span<const NumberChange> changes) override {
    return real_->write_numbers(i, changes);
  }
  Result<ProducerState> register_producer(const Seal& seal, AppendTime at) override {
    return real_->register_producer(seal, at);
  }
  Status keep_finals(const std::string& producer,
                     const std::vector<EpochNumbers>& finals) override {
    return real_->keep_finals(producer, finals);
  }
  Status add_seal(const Seal& seal, AppendTime at, std::int64_t edge,
                  std::int64_t closed) override {
    return real_->add_seal(seal, at, edge, closed);
  }
  Result<bool> end_producer(const Seal& seal, AppendTime at) override {
    return real_->end_producer(seal, at);
  }
  Result<std::vector<ProducerEnd>> read_ends(std::span<const std::string> producers) override {
    return real_->read_ends(producers);
  }
  Status revive_producer(const std::string& producer) override {
    return real_->revive_producer(producer);
  }
  Result<std::vector<std::int64_t>> close_redrives(
      Incarnation i, std::span<const RedriveDecision> decisions) override {
    return real_->close_redrives(i, decisions);
  }
  Status add_dropped(Incarnation i, std::span<const DroppedRedrive> dropped) override {
    return real_->add_dropped(i, dropped);
  }
  Status keep_anchor(Incarnation i, PartitionId p, const Anchor& anchor) override {
    return real_->keep_anchor(i, p, anchor);
  }
  Status commit() override { return real_->commit(); }

 protected:
  std::unique_ptr<IngestTransaction> real_;
};

class StoreThrough : public Store {
 public:
  explicit StoreThrough(Store& real) : real_(real) {}
  Result<std::unique_ptr<IngestTransaction>> begin(Deadline d) override { return real_.begin(d); }
  Result<std::optional<Offset>> read_next(Incarnation i, PartitionId p, Deadline d) override {
    return real_.read_next(i, p, d);
  }
  Result<Deployment> read_deployment(Deadline d) override { return real_.read_deployment(d); }
  Result<std::optional<StoredCatalog>> read_catalog(Deadline d) override {
    return real_.read_catalog(d);
  }
  Result<std::int32_t> fix_partitions(std::int32_t count, Deadline d) override {
    return real_.fix_partitions(count, d);
  }
  Status insert_progress(Incarnation i, PartitionId p, Deadline d) override {
    return real_.insert_progress(i, p, d);
  }
  Result<PartitionState> read_partition(Incarnation i, PartitionId p, Deadline d) override {
    return real_.read_partition(i, p, d);
  }
  Status raise_flag(Incarnation i, std::optional<PartitionId> p, const std::string& kind,
                    const std::string& what, Deadline d) override {
    return real_.raise_flag(i, p, kind, what, d);
  }

 protected:
  Store& real_;
};

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

class SourceThrough : public Source {
 public:
  explicit SourceThrough(Source& real) : real_(real) {}
  Result<Polled> poll(Micros timeout) override { return real_.poll(timeout); }
  Status start(PartitionId p, Offset from) override { return real_.start(p, from); }
  Status pause(std::span<const PartitionId> p) override { return real_.pause(p); }
  Status resume(std::span<const PartitionId> p) override { return real_.resume(p); }
  Result<Offset> position(PartitionId p) override { return real_.position(p); }
  Result<LogBounds> bounds(PartitionId p, Deadline d) override { return real_.bounds(p, d); }
  Result<Offset> offset_at(PartitionId p, AppendTime time, Deadline d) override {
    return real_.offset_at(p, time, d);
  }
  Result<std::optional<Anchor>> anchor_at(PartitionId p, Offset offset, Deadline d) override {
    return real_.anchor_at(p, offset, d);
  }
  Result<std::int32_t> partition_count(Deadline d) override { return real_.partition_count(d); }
  void publish_position(PartitionId p, Offset next) override { real_.publish_position(p, next); }

 protected:
  Source& real_;
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
