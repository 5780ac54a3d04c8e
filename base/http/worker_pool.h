// A fixed number of threads that take tasks in turn from lanes, one lane a tenant.
//
// Within a lane tasks run in their order; between lanes the threads go round, so that a tenant with
// a thousand waiting requests delays another's next one by one task a thread and no more. A lane
// runs at most `running_max` tasks at once: with fewer than there are threads, tasks that take long
// leave threads to the others. The lane "" (requests of nobody's) has its turn like any other and
// none of the bounds. What waits is bounded by whoever submits: has_room(), and see ByteBudget.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace weir {

struct LaneLimits {
  std::int64_t running_max = 64;
  std::int64_t waiting_max = 512;
};

class WorkerPool {
 public:
  explicit WorkerPool(std::int64_t threads, LaneLimits limits = {});
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Whether fewer than waiting_max tasks wait in the lane. Only a submit() makes that false.
  bool has_room(const std::string& lane);
  /// Any thread. After stop() the task is dropped.
  void submit(const std::string& lane, std::function<void()> task);
  /// Drops what waits, lets what runs end, joins.
  void stop();

 private:
  struct Lane {
    std::string name;
    std::deque<std::function<void()>> tasks;
    std::int64_t running = 0;
    bool in_turn = false;  // stands in turns_
  };
  void run();
  /// Both with mutex_ held.
  void line_up(Lane& lane);
  void leave(Lane& lane);

  const LaneLimits limits_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::unordered_map<std::string, Lane> lanes_;  // that have tasks; guarded by mutex_
  std::deque<Lane*> turns_;                      // that may run one now; guarded by mutex_
  bool stopping_ = false;                        // guarded by mutex_
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
