// A Store over another one that stops at named moments, so that a test can let the other session act
// exactly there, or lose a commit's reply.
#pragma once

#include "quota/store.h"

#include <functional>
#include <utility>

namespace weir {

struct Stages {
  std::function<void()> before_step_1;
  std::function<void()> after_step_1;  // before closed_until is read
  std::function<void()> before_commit;
  enum class Reply { comes, lost_after_commit, lost_before_commit } reply = Reply::comes;
  int commits_tried = 0;
};

class StagedStore : public Store {
 public:
  StagedStore(Store& real, Stages& stages) : real_(real), stages_(stages) {}

  Result<std::unique_ptr<IngestTransaction>> begin(Deadline deadline) override;
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

 private:
  Store& real_;
  Stages& stages_;
};

}  // namespace weir
