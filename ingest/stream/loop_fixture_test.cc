// The bodies of loop_fixture.h; named so that they are linked into the tests only.
#include "ingest/stream/loop_fixture.h"

#include <algorithm>

namespace weir {
namespace {

std::pair<std::uint64_t, std::uint64_t> pair_of(const Identity& identity) {
  return {identity.high, identity.low};
}

void add(RangeCounts& to, const RangeCounts& more) {
  to.received += more.received;
  to.applied += more.applied;
  to.duplicate += more.duplicate;
  to.quarantined += more.quarantined;
  to.unprovable += more.unprovable;
  to.unnumbered += more.unnumbered;
}

std::int64_t told(const RangeCounts& c) {
  return c.applied + c.duplicate + c.quarantined + c.unprovable;
}

}  // namespace

Result<std::vector<PartitionState>> MemoryHandler::load(std::span<const PartitionId> partitions,
                                                        std::int32_t partition_count, Deadline) {
  ++loads;
  if (failing_loads > 0) {
    --failing_loads;
    return Error{ErrorCode::unavailable, "store away, as asked", ""};
  }
  if (partitions_expected != 0 && partition_count != partitions_expected) {
    return Error{ErrorCode::integrity, "the partition count changed", ""};
  }
  std::vector<PartitionState> states;
  for (const PartitionId partition : partitions) {
    const Ledger::Progress& progress = ledger_.progress[partition];
    PartitionState state{partition,       Incarnation{1},       progress.next,
                         progress.anchor, progress.generations, {}};
    state.unheld_until = progress.unheld_until;
    for (const Quarantined& q : ledger_.quarantined) {
      if (q.partition != partition) continue;
      state.quarantined.push_back({Incarnation{1}, q.offset, q.whole ? kWholeRecord : q.row});
    }
    std::sort(state.quarantined.begin(), state.quarantined.end());
    states.push_back(std::move(state));
  }
  return states;
}

Result<Committed> MemoryHandler::commit(const CommitBatch& batch, Deadline) {
  ++attempts;
  EXPECT_FALSE(batch.ranges.empty());
  EXPECT_TRUE(
      std::is_sorted(batch.ranges.begin(), batch.ranges.end(),
                     [](const Range& a, const Range& b) { return a.partition < b.partition; }));
  EXPECT_EQ(batch.verdict.size(), batch.rows.rows());
  EXPECT_EQ(batch.range_of.size(), batch.rows.rows());
  EXPECT_EQ(batch.address.size(), batch.rows.rows());
  EXPECT_EQ(batch.append_time.size(), batch.rows.rows());
  for (const Range& range : batch.ranges) {
    EXPECT_LE(range.from, range.to);
    if (ledger_.progress[range.partition].next != range.from) return Committed::conflict;
  }
  if (failing_commits > 0) {
    --failing_commits;
    return Error{ErrorCode::unavailable, "store away, as asked", ""};
  }
  CommitBatch changed = batch;
  const bool dropped = drop_decided(changed);
  apply(changed);
  if (lost_replies > 0) {
    --lost_replies;
    return Error{ErrorCode::unavailable, "reply lost, as asked", ""};
  }
  return dropped ? Committed::done_reload : Committed::done;
}

/// Rows whose child is decided already; each stands as quarantined from now on.
bool MemoryHandler::drop_decided(CommitBatch& batch) {
  bool any = false;
  for (const RedriveRecord& redriven : batch.redriven) {
    if (ledger_.decided.insert(redriven.child).second || !redriven.row) continue;
    batch.verdict[*redriven.row] = Verdict::dropped;
    Quarantined entry;
    entry.partition = redriven.partition;
    entry.offset = redriven.offset;
    entry.row = batch.address[*redriven.row].row;
    entry.reason = "redrive_decided";
    batch.quarantined.push_back(entry);
    any = true;
  }
  return any;
}

void MemoryHandler::apply(const CommitBatch& batch) {
  ++ledger_.commits;
  for (std::size_t i = 0; i < batch.rows.rows(); ++i) {
    const Range& range = batch.ranges.at(batch.range_of[i]);
    EXPECT_LE(range.from, batch.address[i].offset);
    EXPECT_LT(batch.address[i].offset, range.to);
    if (batch.verdict[i] == Verdict::duplicate || batch.verdict[i] == Verdict::dropped) continue;
    const bool fresh = batch.verdict[i] == Verdict::fresh;
    ++(fresh ? ledger_.applied : ledger_.unprovable)[pair_of(batch.rows.identity[i])];
    if (fresh) ledger_.order.push_back(batch.address[i]);
  }
  for (const RowSource& of : batch.sources) {
    EXPECT_EQ(batch.verdict.at(of.row), Verdict::unprovable);
    ledger_.unprovable_sources.push_back(of.source);
  }
  for (const Range& range : batch.ranges) {
    Ledger::Progress& progress = ledger_.progress[range.partition];
    progress.next = range.to;
    if (range.anchor) progress.anchor = range.anchor;
    if (range.caught_up_at) progress.caught_up_at = range.caught_up_at;
    progress.horizon_from = range.horizon_from;
    add(progress.counts, range.counts);
    auto& numbers = ledger_.numbers[range.partition];
    numbers.insert(numbers.end(), range.numbers.begin(), range.numbers.end());
    for (const Generation& gone : range.expired) {
      std::erase_if(progress.generations, [&](const Generation& g) {
        return g.file_name() == gone.file_name() && g.volume_id == gone.volume_id;
      });
    }
    for (const Generation& sealed : range.sealed) {
      EXPECT_LE(sealed.to_offset, range.from.value);
      // A batch that moves no position may come twice when its reply was lost: named once all the same.
      const bool named = std::any_of(
          progress.generations.begin(), progress.generations.end(), [&](const Generation& g) {
            return g.file_name() == sealed.file_name() && g.volume_id == sealed.volume_id;
          });
      if (!named) progress.generations.push_back(sealed);
    }
  }
  ledger_.quarantined.insert(ledger_.quarantined.end(), batch.quarantined.begin(),
                             batch.quarantined.end());
  ledger_.gaps.insert(ledger_.gaps.end(), batch.gaps.begin(), batch.gaps.end());
  ledger_.seals.insert(ledger_.seals.end(), batch.seals.begin(), batch.seals.end());
}

Status MemoryHandler::report_break(PartitionId partition, const std::string& what, Deadline) {
  ledger_.breaks[partition] = what;
  return {};
}

LoopTest::LoopTest()
    : folder_((std::filesystem::temp_directory_path() / ("weir-loop-" + random_hex(8))).string()),
      key(*IdentityKey::from_secret("an identity key for tests only")) {
  std::filesystem::create_directories(folder_);
}

LoopTest::~LoopTest() { std::filesystem::remove_all(folder_); }

std::unique_ptr<LoopTest::Consumer> LoopTest::consumer(const std::string& folder) {
  LoopOptions mine = options;
  mine.identity.folder = folder_ + "/" + folder;
  mine.identity.volume_id = folder;
  std::filesystem::create_directories(mine.identity.folder);
  auto made = std::make_unique<Consumer>();
  made->source = stream.join();
  made->handler = std::make_unique<MemoryHandler>(ledger);
  made->metrics = std::make_unique<Metrics>();
  made->loop = std::make_unique<ConsumerLoop>(*made->source, *made->handler, key, mine, clock,
                                              *made->metrics);
  return made;
}

void LoopTest::settle(Consumer& c, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const Status stepped = c.loop->step(Micros{0});
    ASSERT_TRUE(stepped) << stepped.error().text();
    clock.advance(std::chrono::milliseconds(100));
  }
}

void LoopTest::read_without_commit(Consumer& c, int steps) {
  for (int i = 0; i < steps; ++i) {
    const Status stepped = c.loop->step(Micros{0});
    ASSERT_TRUE(stepped) << stepped.error().text();
  }
}

std::string LoopTest::subscription_of(std::int32_t partition, int which) const {
  for (int i = 0;; ++i) {
    std::string name = "sub-" + std::to_string(i);
    if (partition_of(name, kPartitions).value == partition && which-- == 0) return name;
  }
}

std::string LoopTest::event(const std::string& id, const std::string& subscription) const {
  const std::int64_t now = const_cast<ManualClock&>(clock).now().value;
  return R"({"tenant":"acme","source":"gw-1","id":")" + id + R"(","time":")" + format_rfc3339(now) +
         R"(","subscription":")" + subscription + R"("})";
}

Offset LoopTest::put(std::int32_t partition, const std::string& id) {
  const std::string subscription = subscription_of(partition);
  return stream.put(PartitionId{partition}, "", event(id, subscription), subscription);
}

int LoopTest::times_applied(const std::string& id) const {
  const auto found = ledger.applied.find(pair_of(key.identify("acme", "gw-1", id)));
  return found == ledger.applied.end() ? 0 : found->second;
}

void LoopTest::expect_identity_holds(Consumer& c) {
  for (const auto& [partition, progress] : ledger.progress) {
    EXPECT_EQ(progress.counts.received, told(progress.counts));
    auto counted = [&](const std::string& what) {
      return c.metrics
          ->counter("weir_events_" + what + "_total", "",
                    {{"partition", std::to_string(partition.value)}})
          .value();
    };
    EXPECT_EQ(counted("received"), counted("applied") + counted("duplicate") +
                                       counted("quarantined") + counted("unprovable"));
  }
}

}  // namespace weir
