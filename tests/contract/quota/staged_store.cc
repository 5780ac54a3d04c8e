#include "tests/contract/quota/staged_store.h"

namespace weir {
namespace {

class StagedIngest : public IngestThrough {
 public:
  StagedIngest(std::unique_ptr<IngestTransaction> real, Stages& stages)
      : IngestThrough(std::move(real)), stages_(stages) {}

  Result<bool> advance_progress(Incarnation i, PartitionId p, Offset a, Offset b) override {
    if (auto stage = std::exchange(stages_.before_step_1, nullptr)) stage();
    return IngestThrough::advance_progress(i, p, a, b);
  }
  Result<std::int64_t> read_closed_until() override {
    if (auto stage = std::exchange(stages_.after_step_1, nullptr)) stage();
    return IngestThrough::read_closed_until();
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
    Status done = IngestThrough::commit();
    return done && reply == Stages::Reply::lost_after_commit ? Status(doubt) : done;
  }

 private:
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
