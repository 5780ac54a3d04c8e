// A thread that makes blocking calls on which librdkafka 2.0.2 does not keep its time-out.
//
// run() waits for the call until the deadline; then it lets go and gives `unavailable`, and the
// call's late result is dropped. While such a call is stuck, further ones wait behind it until
// their own deadlines. A stuck call does not delay the destructor: it keeps what it needs alive by
// itself, so what is handed to run() must own (shared_ptr), never borrow. Threads: any.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace weir {

class DeadlineWorker {
 public:
  DeadlineWorker();
  ~DeadlineWorker();
  DeadlineWorker(const DeadlineWorker&) = delete;
  DeadlineWorker& operator=(const DeadlineWorker&) = delete;

  template <class T>
  Result<T> run(std::string_view what, Deadline deadline, std::function<Result<T>()> call) {
    auto result = std::make_shared<std::optional<Result<T>>>();
    const bool done =
        run_job([result, call = std::move(call)] { result->emplace(call()); }, deadline);
    if (!done) return timed_out(what);
    return std::move(**result);
  }

 private:
  struct State;
  /// False when the deadline passed first.
  bool run_job(std::function<void()> job, Deadline deadline);
  static Error timed_out(std::string_view what);

  std::shared_ptr<State> state_;
};

}  // namespace weir
