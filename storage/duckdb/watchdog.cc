#include "storage/duckdb/watchdog.h"

#include <algorithm>

namespace weir {
namespace {
constexpr auto kAgain = std::chrono::milliseconds(10);
constexpr auto kIdle = std::chrono::hours(1);
}  // namespace

DuckWatchdog::DuckWatchdog() : thread_([this] { watch(); }) {}

DuckWatchdog::~DuckWatchdog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void DuckWatchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto now = std::chrono::steady_clock::now();
    auto next = now + kIdle;
    for (const auto& [connection, deadline] : watched_) {
      if (deadline.at() <= now) {
        duckdb_interrupt(connection);
        next = std::min<std::chrono::steady_clock::time_point>(next, now + kAgain);
      } else {
        next = std::min(next, deadline.at());
      }
    }
    changed_.wait_until(lock, next);
  }
}

DuckWatchdog::Guard::Guard(DuckWatchdog& watchdog, duckdb_connection connection, Deadline deadline)
    : watchdog_(watchdog), connection_(connection) {
  {
    std::lock_guard lock(watchdog_.mutex_);
    watchdog_.watched_.insert_or_assign(connection, deadline);
  }
  watchdog_.changed_.notify_all();
}

DuckWatchdog::Guard::~Guard() {
  std::lock_guard lock(watchdog_.mutex_);
  watchdog_.watched_.erase(connection_);
}

}  // namespace weir
