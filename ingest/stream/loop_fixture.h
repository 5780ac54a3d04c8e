// For tests of the consumer loop: a handler that keeps its store in memory, and a fixture that speaks
// of events, partitions and what became of them.
#pragma once

#include "base/digest.h"
#include "base/metrics.h"
#include "ingest/stream/consumer_loop.h"
#include "ingest/stream/memory_stream.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weir {

/// The store behind the handlers: what a database would hold. Several loops may share it.
struct Ledger {
  struct Progress {
    Offset next;
    std::optional<Anchor> anchor;
    std::optional<WallTime> caught_up_at;
    std::vector<Generation> generations;
    RangeCounts counts;
    AppendTime horizon_from;
    std::optional<AppendTime> unheld_until;
  };
  std::map<PartitionId, Progress> progress;
  std::map<std::pair<std::uint64_t, std::uint64_t>, int> applied;  // by identity: how often
  std::map<std::pair<std::uint64_t, std::uint64_t>, int> unprovable;
  std::vector<std::string> unprovable_sources;
  std::vector<Address> order;  // of all applied rows
  std::vector<Quarantined> quarantined;
  std::vector<Gap> gaps;
  std::vector<SealRecord> seals;
  std::map<PartitionId, std::vector<NumberRun>> numbers;
  std::set<std::int64_t> decided;  // redriven children: the second event of one is dropped (R7)
  std::map<PartitionId, std::string> breaks;
  int commits = 0;
};

/// Checks each batch's shape as a database's constraints would, and fails on request.
class MemoryHandler : public Handler {
 public:
  explicit MemoryHandler(Ledger& ledger) : ledger_(ledger) {}

  Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                           std::int32_t partition_count, Deadline) override;
  Result<Committed> commit(const CommitBatch& batch, Deadline) override;
  Status report_break(PartitionId partition, const std::string& what, Deadline) override;
  Sections sections() const override { return Sections::usage; }

  int failing_loads = 0;
  int failing_commits = 0;  // nothing is written
  int lost_replies = 0;     // written, then told as unavailable: a handler that does not read back
  std::int32_t partitions_expected = 0;  // 0: any
  int loads = 0;
  int attempts = 0;

 private:
  bool drop_decided(CommitBatch& batch);
  void apply(const CommitBatch& batch);
  Ledger& ledger_;
};

class LoopTest : public testing::Test {
 protected:
  LoopTest();
  ~LoopTest() override;

  /// A consumer of its own: source, handler, index folder, loop.
  struct Consumer {
    std::unique_ptr<Source> source;
    std::unique_ptr<MemoryHandler> handler;
    std::unique_ptr<Metrics> metrics;
    std::unique_ptr<ConsumerLoop> loop;
  };
  /// `folder` names its index's folder: the same name is the same volume.
  std::unique_ptr<Consumer> consumer(const std::string& folder = "a");
  /// Steps until nothing more happens: all read, all committed.
  void settle(Consumer& c, int rounds = 40);
  /// Steps until the batch in hand would be due, without its being committed.
  void read_without_commit(Consumer& c, int steps = 30);

  /// The name of a subscription that belongs to `partition`.
  std::string subscription_of(std::int32_t partition, int which = 0) const;
  std::string event(const std::string& id, const std::string& subscription) const;
  Offset put(std::int32_t partition, const std::string& id);
  int times_applied(const std::string& id) const;
  Offset next(std::int32_t partition) { return ledger.progress[PartitionId{partition}].next; }
  /// received = applied + duplicate + quarantined + unprovable, in the store and in the metrics.
  void expect_identity_holds(Consumer& c);

  static constexpr std::int32_t kPartitions = 2;
  const std::string folder_;
  ManualClock clock{WallTime{1'767'225'600'000'000}};  // 2026-01-01
  MemoryStream stream{kPartitions, clock};
  Ledger ledger;
  IdentityKey key;
  LoopOptions options;
};

}  // namespace weir
