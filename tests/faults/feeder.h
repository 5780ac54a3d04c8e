// Feeder: puts events on a deployment's topic for as long as it lives, and knows how many are there.
//
// A foreign producer: JSON, keyed by nothing, each event in a record of its own in the partition of its
// subscription. An append that is in doubt is made again with the same events, whose identity drops
// the copies. Threads: its own; the counts may be read from any.
#pragma once

#include "tests/integration/deployment.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weir::test {

struct FeederOptions {
  std::vector<std::string> subscriptions;
  int partitions = 4;
  int events_a_round = 20;
  std::chrono::milliseconds pause{20};  // between rounds: the load, not a wait for anything
};

class Feeder {
 public:
  Feeder(const Deployment& weir, FeederOptions options);
  /// Events that are on the stream.
  std::int64_t events() const { return events_; }
  /// The same by subscription and second of the event's time (seconds since the epoch).
  using Tally = std::map<std::pair<std::string, std::int64_t>, std::int64_t>;
  Tally tally() const;
  /// By subscription and begin of the bucket in microseconds; a bucket is of whole seconds.
  Tally by_bucket(std::int64_t bucket_us) const;
  void finish();

 private:
  void feed(const std::stop_token& stop);

  const StreamOptions stream_;
  const FeederOptions options_;
  std::atomic<std::int64_t> events_ = 0;
  mutable std::mutex mutex_;
  Tally tally_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::test
