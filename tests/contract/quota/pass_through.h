// A Store and its transaction that pass everything on, for tests that change one call of them. Real
// things outlive what wraps them.
#pragma once

#include "quota/store.h"

#include <memory>
#include <utility>

namespace weir {

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

}  // namespace weir
