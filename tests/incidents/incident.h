// What the incidents have in common: a whole Weir under traffic, the bill that this traffic must come
// to, and loops in which a process crashes over and over or is asked over and over.
//
// The reference bill is made from what the feeder sent, by nothing of Weir's: units a customer and
// period, times the price, rounded once. Threads: the fixture's own one; the loops have theirs.
#pragma once

#include "tests/faults/feeder.h"
#include "tests/incidents/cgroup.h"
#include "tests/integration/deployment.h"

#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

/// Minor units by customer.
using Bill = std::map<std::string, std::int64_t>;

/// Every request costs a hundredth of this, in minor units.
inline constexpr std::int64_t kPriceHundredths = 125;
inline constexpr const char* kPrice = "0.0125";
inline constexpr std::int64_t kPeriodSeconds = 2;

Bill reference_bill(const Feeder::Tally& sent, std::int64_t period_seconds = kPeriodSeconds);
/// What the provider was asked for, charge by charge.
Bill charged_bill(Deployment& weir);
/// Of lines that name a customer and an amount_minor.
Bill bill_of(const std::string& lines);
std::int64_t sum_of(const Bill& bill);

/// Runs a command again and again; each run ends by `signal` if it does not end by itself.
class CrashLoop {
 public:
  struct Options {
    std::string binary;
    std::vector<std::string> commands;  // one loop each
    int signal = SIGABRT;               // as a broken invariant ends a process; 0: none
    const Cgroup* group = nullptr;
  };
  CrashLoop(Deployment& weir, const Options& options);
  int crashes() const { return crashes_; }

 private:
  std::atomic<int> crashes_ = 0;
  std::vector<std::jthread> threads_;
};

/// Asks a URL over and over; every answer must be 200.
class Questions {
 public:
  Questions(std::string url, std::string key);
  void finish();
  int asked() const { return asked_; }
  /// One line for each answer that was not 200.
  std::vector<std::string> failures();

 private:
  void ask(const std::stop_token& stop);

  const std::string url_, key_;
  std::atomic<int> asked_ = 0;
  std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  std::jthread thread_;
};

class Incident : public ::testing::Test {
 protected:
  explicit Incident(const DeploymentOptions& options = {});
  void count(const Cgroup* group = nullptr);
  void feed();

  /// What stood in the stream a moment ago is applied soon, again and again, and bills go out.
  void money_goes_on(int rounds = 3);
  /// Everything is applied, billed and charged: what the traffic comes to, customer by customer.
  void every_bill_is_exact();
  void analytics_has_everything(const ChildProcess& consumer);
  /// Of /v1/query: how many requests there were since the begin, at `queries`.
  std::string question(ChildProcess& queries);
  std::int64_t answered_requests(ChildProcess& queries);

  const std::int64_t begin_us_;
  Deployment weir_;
  std::string key_;
  std::unique_ptr<ChildProcess> quota_;
  std::unique_ptr<Feeder> feeder_;
};

/// The end of a log, short enough to read.
std::string tail_of(const std::string& text);

}  // namespace weir::test
