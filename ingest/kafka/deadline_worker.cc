#include "ingest/kafka/deadline_worker.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace weir {

struct DeadlineWorker::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> job;  // empty: none is waiting
  bool busy = false;          // a job waits or runs
  bool stop = false;
  std::uint64_t finished = 0;
  std::thread thread;

  static void work(const std::shared_ptr<State>& state);
};

DeadlineWorker::DeadlineWorker() : state_(std::make_shared<State>()) {
  state_->thread = std::thread([state = state_] { State::work(state); });
}

DeadlineWorker::~DeadlineWorker() {
  bool busy = false;
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
    busy = state_->busy;
  }
  state_->changed.notify_all();
  if (busy) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

void DeadlineWorker::State::work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->stop || state->job; });
    if (!state->job) return;
    std::function<void()> job = std::move(state->job);
    state->job = nullptr;
    lock.unlock();
    job();
    job = nullptr;  // what it owns is let go before anybody waits for it
    lock.lock();
    state->busy = false;
    ++state->finished;
    state->changed.notify_all();
  }
}

bool DeadlineWorker::run_job(std::function<void()> job, Deadline deadline) {
  std::unique_lock lock(state_->mutex);
  if (!state_->changed.wait_until(lock, deadline.at(), [&] { return !state_->busy; })) return false;
  state_->busy = true;
  state_->job = std::move(job);
  const std::uint64_t mine = state_->finished + 1;
  state_->changed.notify_all();
  return state_->changed.wait_until(lock, deadline.at(), [&] { return state_->finished >= mine; });
}

Error DeadlineWorker::timed_out(std::string_view what) {
  return {ErrorCode::unavailable, std::string(what) + ": no answer by the deadline", ""};
}

}  // namespace weir
