// Random calls on a ledger, from a seed, each with what it gave back as a line of text: the same seed
// on two ledgers must tell the same story. Every method of every interface is called.
#pragma once

#include "tests/contract/isolation/retell.h"

#include <random>
#include <string>
#include <vector>

namespace weir {

class RandomCalls {
 public:
  RandomCalls(LedgerUnderTest& ledger, std::uint64_t seed) : ledger_(ledger), random_(seed) {}
  /// One transaction or read, and its lines.
  std::vector<std::string> next();
  /// Everything that can be read.
  std::vector<std::string> look();

 private:
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  bool chance(int percent) { return below(100) < percent; }
  std::string subscription() { return "sub-" + std::to_string(1 + below(4)); }
  std::vector<std::int64_t> some_ids();
  template <class Outcome>
  void tell(const std::string& call, const Outcome& outcome) {
    lines_.push_back(call + " = " + retell(outcome));
  }

  void ingest_batch();
  void ingest_numbers(IngestTransaction& tx);
  void ingest_troubles(IngestTransaction& tx);
  void ingest_redrives(IngestTransaction& tx);
  void close();
  void freeze_and_bill(CloseTransaction& tx, CloseHead head, const std::optional<CloseHead>& last);
  void charge();
  void hold();
  void decide_events(OperatorTransaction& tx);
  void decide_stream(OperatorTransaction& tx);
  void decide_move(OperatorTransaction& tx);
  void operate();
  void adopt();
  void record_barrier();

  LedgerUnderTest& ledger_;
  std::mt19937_64 random_;
  Incarnation incarnation_{1};
  std::int64_t now_us_ = 0, closed_us_ = 0;
  std::int64_t next_[2] = {0, 0};
  std::vector<std::string> lines_;
};

}  // namespace weir
