#include "tests/contract/quota/staged_store.h"

namespace weir {
namespace {

class StagedIngest : public IngestTransaction {
 public:
  StagedIngest(std::unique_ptr<IngestTransaction> real, Stages& stages)
      : real_(std::move(real)), stages_(stages) {}

  Result<bool> advance_progress(Incarnation i, PartitionId p, Offset a, Offset b) override {
    if (auto stage = std::exchange(stages_.before_step_1, nullptr)) stage();
    return real_->advance_progress(i, p, a, b);
  }
  Result<std::int64_t> read_closed_until() override {
    if (auto stage = std::exchange(stages_.after_step_1, nullptr)) stage();
    return real_->read_closed_until();
  }
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
  Status record_progress(Incarnation i, std::span<const ProgressFacts> f) override {
    return real_->record_progress(i, f);
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
  Status add_seal(const Seal& seal, AppendTime at, std::int64_t edge_us,
                  std::int64_t closed_until_us) override {
    return real_->add_seal(seal, at, edge_us, closed_until_us);
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
  Status commit() override {
    ++stages_.commits_tried;
    if (auto stage = std::exchange(stages_.before_commit, nullptr)) stage();
    const Stages::Reply reply = std::exchange(stages_.reply, Stages::Reply::comes);
    const Error doubt{ErrorCode::in_doubt, "the reply was lost", ""};
    if (reply == Stages::Reply::lost_before_commit) {
      real_.reset();  // rolls back
      return doubt;
    }
    Status done = real_->commit();
    return done && reply == Stages::Reply::lost_after_commit ? Status(doubt) : done;
  }

 private:
  std::unique_ptr<IngestTransaction> real_;
  Stages& stages_;
};

}  // namespace

Result<std::unique_ptr<IngestTransaction>> StagedStore::begin(Deadline deadline) {
  Result<std::unique_ptr<IngestTransaction>> real = real_.begin(deadline);
  if (!real) return real;
  return std::unique_ptr<IngestTransaction>(
      std::make_unique<StagedIngest>(*std::move(real), stages_));
}

}  // namespace weir
