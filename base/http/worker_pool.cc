#include "base/http/worker_pool.h"

#include <utility>

namespace weir {

WorkerPool::WorkerPool(std::int64_t threads, LaneLimits limits) : limits_(limits) {
  for (std::int64_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::has_room(const std::string& lane) {
  if (lane.empty()) return true;
  const std::lock_guard lock(mutex_);
  const auto found = lanes_.find(lane);
  return found == lanes_.end() ||
         static_cast<std::int64_t>(found->second.tasks.size()) < limits_.waiting_max;
}

void WorkerPool::submit(const std::string& lane, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    Lane& its = lanes_[lane];
    its.name = lane;
    its.tasks.push_back(std::move(task));
    line_up(its);
  }
  woken_.notify_one();
}

void WorkerPool::line_up(Lane& lane) {
  const bool may_run = lane.name.empty() || lane.running < limits_.running_max;
  if (lane.in_turn || lane.tasks.empty() || !may_run) return;
  lane.in_turn = true;
  turns_.push_back(&lane);
}

void WorkerPool::leave(Lane& lane) {
  --lane.running;
  line_up(lane);
  if (lane.tasks.empty() && lane.running == 0) lanes_.erase(lane.name);
}

void WorkerPool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    turns_.clear();
    for (auto& [name, lane] : lanes_) {
      lane.in_turn = false;
      for (auto& task : lane.tasks) dropped.push_back(std::move(task));
      lane.tasks.clear();
    }
  }
  woken_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    woken_.wait(lock, [this] { return stopping_ || !turns_.empty(); });
    if (stopping_) return;
    Lane& lane = *turns_.front();
    turns_.pop_front();
    lane.in_turn = false;
    ++lane.running;
    {
      std::function<void()> task = std::move(lane.tasks.front());
      lane.tasks.pop_front();
      line_up(lane);  // behind the others
      lock.unlock();
      task();
    }
    lock.lock();
    leave(lane);
    if (!turns_.empty()) woken_.notify_one();
  }
}

}  // namespace weir
