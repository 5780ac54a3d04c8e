// A provider in memory that fails on request and counts what it saw: for tests and simulation.
//
// fail_next() queues what the coming calls of charge() do, one each; without it they succeed. What
// a fault "took" stays taken: find() knows it, and the same key again gives the first receipt.
#pragma once

#include "billing/providers/provider.h"

#include <deque>
#include <map>
#include <string>

namespace weir {

class MemoryProvider : public Provider {
 public:
  enum class Fault {
    none,
    lost_before,   // never arrived: `unavailable`
    lost_after,    // taken, but the reply was lost: `in_doubt`
    declined,      // answered: no
    other_amount,  // takes one minor unit more than was asked
  };

  void fail_next(Fault fault) { faults_.push_back(fault); }
  /// While set, find() is `unavailable`.
  void hide(bool hidden) { hidden_ = hidden; }
  /// No fault waits any more, and find() answers.
  void be_well() {
    faults_.clear();
    hidden_ = false;
  }

  Result<ChargeReceipt> charge(const ChargeOrder& order, Deadline deadline) override;
  Result<std::optional<ChargeReceipt>> find(const std::string& key, Deadline deadline) override;

  int calls() const { return calls_; }
  /// How many charges moved money, and how much, in minor units.
  int taken() const;
  std::int64_t taken_minor() const;

 private:
  std::map<std::string, ChargeReceipt> by_key_;
  std::deque<Fault> faults_;
  bool hidden_ = false;
  int calls_ = 0;
};

}  // namespace weir
