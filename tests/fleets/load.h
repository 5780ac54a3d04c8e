// A steady load through nginx: events, quota reads, checks, queries; a few hundred requests a second.
//
// Each kind of request has a thread with a connection of its own that it keeps. A request that is not
// answered as it ought to be is a failure, and is not repeated: a client that repeats would hide what these
// tests look for. Threads: its own; what it tells may be asked from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

class Load {
 public:
  Load(std::string url, std::string key, std::vector<std::string> subscriptions);
  ~Load() { finish(); }

  void events();
  void quota_reads();
  /// Faster than the others: nginx never repeats them, so they show what a restart loses.
  void checks();
  void queries();

  void finish();
  /// Events that were answered 202.
  std::int64_t accepted() const { return accepted_; }
  std::int64_t answered() const { return answered_; }
  /// "POST /v1/events: 502 …", the first few.
  std::vector<std::string> failures() const;

 private:
  struct Request;
  /// `pause` between two requests: the load, not a wait for anything.
  void run(std::function<Request(std::int64_t)> next,
           std::chrono::milliseconds pause = std::chrono::milliseconds(10));
  std::string events_body(std::int64_t round, const std::string& source) const;
  void failed(const std::string& what);

  const std::string url_, key_;
  const std::vector<std::string> subscriptions_;
  std::atomic<std::int64_t> accepted_ = 0, answered_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace weir::test
