// A fixed number of threads that take tasks from one queue. The queue is bounded by whoever
// submits: see ByteBudget.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {

class WorkerPool {
 public:
  explicit WorkerPool(std::int64_t threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Any thread. After stop() the task is dropped.
  void submit(std::function<void()> task);
  /// Drops what waits, lets what runs end, joins.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

/// Bytes that are held at once, up to a bound. Any thread.
class ByteBudget {
 public:
  explicit ByteBudget(std::int64_t bytes_max) : bytes_max_(bytes_max) {}
  /// Grows a holding from `held` to `wanted` bytes. One holding is always admitted when there is no
  /// other, however large.
  bool grow(std::int64_t held, std::int64_t wanted) {
    const std::int64_t before = used_.fetch_add(wanted - held, std::memory_order_relaxed);
    if (before + wanted - held <= bytes_max_ || before == held) return true;
    used_.fetch_sub(wanted - held, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::int64_t held) { used_.fetch_sub(held, std::memory_order_relaxed); }
  std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::int64_t bytes_max_;
  std::atomic<std::int64_t> used_{0};
};

}  // namespace weir
