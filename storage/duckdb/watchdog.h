// Interrupts connections whose deadline has passed.
//
// An interrupt that arrives before the statement has begun is lost, so a late connection is
// interrupted again and again (every 10 ms) until its guard is gone. Threads: any; one of its own.
#pragma once

#include "base/time.h"
#include "duckdb.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace weir {

class DuckWatchdog {
 public:
  DuckWatchdog();
  ~DuckWatchdog();
  DuckWatchdog(const DuckWatchdog&) = delete;
  DuckWatchdog& operator=(const DuckWatchdog&) = delete;

  /// While it lives, the connection is watched. After it is gone, nothing interrupts any more.
  class Guard {
   public:
    Guard(DuckWatchdog& watchdog, duckdb_connection connection, Deadline deadline);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    DuckWatchdog& watchdog_;
    duckdb_connection connection_;
  };

 private:
  void watch();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<duckdb_connection, Deadline> watched_;  // guarded by mutex_; so is stopping_
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace weir
