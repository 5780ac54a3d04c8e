// A Store over another one that stops at named moments, so that a test can let the other session act
// exactly there, or lose a commit's reply.
#pragma once

#include "tests/contract/quota/pass_through.h"

#include <functional>

namespace weir {

struct Stages {
  std::function<void()> before_step_1;
  std::function<void()> after_step_1;  // before closed_until is read
  std::function<void()> before_commit;
  enum class Reply { comes, lost_after_commit, lost_before_commit } reply = Reply::comes;
  int commits_tried = 0;
};

class StagedStore : public StoreThrough {
 public:
  StagedStore(Store& real, Stages& stages) : StoreThrough(real), stages_(stages) {}
  Result<std::unique_ptr<IngestTransaction>> begin(Deadline deadline) override;

 private:
  Stages& stages_;
};

}  // namespace weir
