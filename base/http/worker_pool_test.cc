#include "base/http/worker_pool.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

/// Tasks that wait until they are let go, and a record of what ran.
class Tasks {
 public:
  std::function<void()> note(const std::string& name) {
    return [this, name] {
      const std::lock_guard lock(mutex_);
      ran_.push_back(name);
      changed_.notify_all();
    };
  }
  std::function<void()> held(const std::string& name) {
    return [this, name] {
      std::unique_lock lock(mutex_);
      ran_.push_back(name);
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
    };
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::vector<std::string> ran(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ran_.size() >= count; });
    return ran_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> ran_;
  bool open_ = false;
};

using Names = std::vector<std::string>;

TEST(WorkerPool, a_lane_with_a_hundred_waiting_delays_another_by_one_task) {
  Tasks tasks;
  WorkerPool pool(1);
  pool.submit("first", tasks.held("first"));
  tasks.ran(1);
  for (int i = 0; i < 100; ++i) pool.submit("noisy", tasks.note("noisy"));
  pool.submit("quiet", tasks.note("quiet"));
  tasks.let_go();
  const Names ran = tasks.ran(102);
  EXPECT_EQ(Names(ran.begin(), ran.begin() + 4), (Names{"first", "noisy", "quiet", "noisy"}));
}

TEST(WorkerPool, tasks_of_a_lane_run_in_their_order) {
  Tasks tasks;
  WorkerPool pool(1);
  for (const char* name : {"a", "b", "c", "d"}) pool.submit("one", tasks.note(name));
  EXPECT_EQ(tasks.ran(4), (Names{"a", "b", "c", "d"}));
}

TEST(WorkerPool, long_tasks_of_one_lane_leave_a_thread_to_the_others) {
  Tasks tasks;
  WorkerPool pool(2, {.running_max = 1, .waiting_max = 10});
  for (int i = 0; i < 3; ++i) pool.submit("noisy", tasks.held("noisy"));
  tasks.ran(1);
  for (int i = 0; i < 3; ++i) pool.submit("quiet", tasks.note("quiet"));
  EXPECT_EQ(tasks.ran(4), (Names{"noisy", "quiet", "quiet", "quiet"}));
  tasks.let_go();
  EXPECT_EQ(tasks.ran(6).size(), 6u);
}

TEST(WorkerPool, the_lane_of_nobody_is_not_bounded) {
  Tasks tasks;
  WorkerPool pool(2, {.running_max = 1, .waiting_max = 1});
  pool.submit("", tasks.held("a"));
  pool.submit("", tasks.held("b"));
  EXPECT_EQ(tasks.ran(2).size(), 2u);
  pool.submit("", tasks.note("c"));
  EXPECT_TRUE(pool.has_room(""));
  tasks.let_go();
  tasks.ran(3);
}

TEST(WorkerPool, a_lane_has_room_until_its_bound_waits) {
  Tasks tasks;
  WorkerPool pool(1, {.running_max = 1, .waiting_max = 2});
  pool.submit("first", tasks.held("first"));
  tasks.ran(1);
  pool.submit("noisy", tasks.note("noisy"));
  EXPECT_TRUE(pool.has_room("noisy"));
  pool.submit("noisy", tasks.note("noisy"));
  EXPECT_FALSE(pool.has_room("noisy"));
  EXPECT_TRUE(pool.has_room("quiet"));
  tasks.let_go();
  tasks.ran(3);
}

TEST(WorkerPool, a_stop_drops_what_waits_and_lets_what_runs_end) {
  Tasks tasks;
  WorkerPool pool(1);
  pool.submit("a", tasks.held("running"));
  tasks.ran(1);
  for (int i = 0; i < 10; ++i) pool.submit("b", tasks.note("waiting"));
  std::thread stopping([&] { pool.stop(); });
  tasks.let_go();
  stopping.join();
  EXPECT_EQ(tasks.ran(1).front(), "running");
}

}  // namespace
}  // namespace weir
