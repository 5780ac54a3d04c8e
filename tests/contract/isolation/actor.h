// A session with a thread of its own, told step by step what to do.
//
//   a.does([&] { … });            runs it there, and waits until it is done
//   a.starts([&] { … });          true: it is done; false: it waits for a lock
//   a.finishes();                 waits until what it started is done
//
// No sleeps: whether a session waits, the ledger says.
#pragma once

#include "tests/contract/isolation/ledger_under_test.h"

#include <condition_variable>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

namespace weir {

class Actor {
 public:
  explicit Actor(LedgerUnderTest& ledger) : ledger_(ledger), thread_([this] { run(); }) {}
  ~Actor() {
    finishes();
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  bool starts(std::function<void()> work) {
    const int before = ledger_.sessions_waiting();
    {
      const std::lock_guard lock(mutex_);
      work_ = std::move(work);
    }
    changed_.notify_all();
    while (true) {
      if (idle()) return true;
      if (ledger_.sessions_waiting() > before) return false;
      std::this_thread::yield();
    }
  }
  void finishes() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !work_; });
  }
  void does(std::function<void()> work) {
    EXPECT_TRUE(starts(std::move(work))) << "waits for a lock";
    finishes();
  }

 private:
  bool idle() {
    const std::lock_guard lock(mutex_);
    return !work_;
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return work_ || ended_; });
      if (ended_) return;
      lock.unlock();
      work_();
      lock.lock();
      work_ = nullptr;
      changed_.notify_all();
    }
  }

  LedgerUnderTest& ledger_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace weir
