// The pause set: resumes only what it paused, and forgets at every new assignment.
//
// Used while a commit is to be tried again: nothing new comes, but polling goes on, so that the
// membership lives. Threads: one.
#pragma once

#include "ingest/stream/source.h"

#include <vector>

namespace weir {

class Pauser {
 public:
  explicit Pauser(Source& source) : source_(source) {}

  Status pause(std::vector<PartitionId> partitions) {
    if (!paused_.empty()) return {};
    paused_ = std::move(partitions);
    return source_.pause(paused_);
  }
  Status resume() {
    if (paused_.empty()) return {};
    const std::vector<PartitionId> mine = std::exchange(paused_, {});
    return source_.resume(mine);
  }
  void forget() { paused_.clear(); }
  bool active() const { return !paused_.empty(); }

 private:
  Source& source_;
  std::vector<PartitionId> paused_;
};

}  // namespace weir
