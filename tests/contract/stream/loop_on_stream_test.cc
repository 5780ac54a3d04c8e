// The consumer loop on a real broker and on a file log that deals for itself, its handler in memory:
// members come and go in the middle of everything, and each event is applied exactly once.
#include "ingest/stream/loop_fixture.h"
#include "tests/contract/stream/stream_under_test.h"

#include <functional>
#include <gmock/gmock.h>
#include <map>
#include <random>

namespace weir {
namespace {

constexpr std::int32_t kPartitions = 3;

class LoopOnStream : public testing::TestWithParam<Implementation> {
 protected:
  LoopOnStream()
      : folder_((std::filesystem::temp_directory_path() / ("weir-loop-" + random_hex(8))).string()),
        key_(*IdentityKey::from_secret("an identity key for tests only")) {
    options_.commit_interval = std::chrono::milliseconds(20);
    options_.commit_rows_max = 3000;
    options_.observe_interval = std::chrono::milliseconds(200);
    options_.identity.open_bytes_max = 64 << 10;
  }
  ~LoopOnStream() override { std::filesystem::remove_all(folder_); }
  void SetUp() override {
    stream_ = GetParam().make(kPartitions);
    ASSERT_NE(stream_, nullptr) << "no stream to test";
  }

  struct Member {
    std::unique_ptr<Source> source;
    std::unique_ptr<MemoryHandler> handler;
    std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
    std::unique_ptr<ConsumerLoop> loop;
  };
  std::unique_ptr<Member> join(const std::string& volume) {
    LoopOptions options = options_;
    options.identity.folder = folder_ + "/" + volume;
    options.identity.volume_id = volume;
    std::filesystem::create_directories(options.identity.folder);
    auto member = std::make_unique<Member>();
    member->source = stream_->join();
    member->handler = std::make_unique<MemoryHandler>(ledger_);
    member->loop = std::make_unique<ConsumerLoop>(*member->source, *member->handler, key_, options,
                                                  system_clock(), *member->metrics);
    return member;
  }
  void step(Member& member, int times) {
    for (int i = 0; i < times; ++i) {
      const Status stepped = member.loop->step(std::chrono::milliseconds(5));
      ASSERT_TRUE(stepped) << stepped.error().text();
    }
  }

  /// Events `from` to `to`, of which each tenth is sent twice.
  void send(int from, int to) {
    RequestBatch batch;
    for (int i = from; i < to; ++i) {
      for (int copy = 0; copy <= (i % 10 == 0); ++copy) {
        RequestRow row;
        const std::string id = "e" + std::to_string(i);
        const std::string subscription = "sub-" + std::to_string(i % 50);
        row.tenant = "acme";
        row.source = "gw-1";
        row.id = id;
        row.subscription = subscription;
        row.time = EventTime{system_clock().now().value};
        append_row(batch, row, key_);
      }
    }
    BatchWriter writer(stream_->sink(), key_);
    const Status written = writer.write(batch, Deadline::in(std::chrono::seconds(30)));
    ASSERT_TRUE(written) << written.error().text();
  }
  bool all_applied(int count) const {
    return ledger_.applied.size() == static_cast<std::size_t>(count);
  }

  const std::string folder_;
  const IdentityKey key_;
  LoopOptions options_;
  Ledger ledger_;
  std::unique_ptr<StreamUnderTest> stream_;
};

TEST_P(LoopOnStream, members_that_die_in_the_middle_cost_no_event_and_double_none) {
  constexpr int kRounds = 6, kEach = 5000;
  std::mt19937 random(7);
  auto one = join("a");
  std::unique_ptr<Member> two;
  for (int round = 0; round < kRounds; ++round) {
    send(round * kEach, (round + 1) * kEach);
    if (round % 2 == 0) two = join("b");
    for (int i = 0; i < 60; ++i) {
      step(*one, static_cast<int>(random() % 5));
      if (two) step(*two, static_cast<int>(random() % 5));
    }
    if (round % 2 == 1) two.reset();  // with whatever it holds
    if (round == 2) {
      one.reset();
      one = join("a");
    }
  }
  two.reset();
  const Deadline deadline = Deadline::in(std::chrono::seconds(60));
  while (!all_applied(kRounds * kEach) && !deadline.passed()) step(*one, 10);

  EXPECT_EQ(ledger_.applied.size(), static_cast<std::size_t>(kRounds * kEach));
  for (const auto& [identity, times] : ledger_.applied) ASSERT_EQ(times, 1);
  EXPECT_TRUE(ledger_.quarantined.empty());
  EXPECT_TRUE(ledger_.gaps.empty());
  EXPECT_TRUE(ledger_.breaks.empty());
  EXPECT_TRUE(ledger_.unprovable.empty());
  RangeCounts sum;
  for (const auto& [partition, progress] : ledger_.progress) {
    sum.received += progress.counts.received;
    sum.applied += progress.counts.applied;
    sum.duplicate += progress.counts.duplicate;
  }
  EXPECT_EQ(sum.applied, kRounds * kEach);
  EXPECT_EQ(sum.duplicate, kRounds * kEach / 10);
  EXPECT_EQ(sum.received, sum.applied + sum.duplicate);
}

TEST_P(LoopOnStream, R16_what_retention_took_unread_becomes_a_gap_and_the_rest_is_read) {
  auto one = join("a");
  const auto step_until = [&](const std::function<bool()>& done) {
    const Deadline deadline = Deadline::in(std::chrono::seconds(60));
    while (!done() && !deadline.passed()) step(*one, 1);
    EXPECT_TRUE(done());
  };
  send(0, 500);
  step_until([&] { return all_applied(500); });
  one.reset();
  send(500, 1000);
  auto outside = stream_->join();
  std::map<PartitionId, Offset> ends;
  for (std::int32_t p = 0; p < kPartitions; ++p) {
    const PartitionId partition{p};
    const auto bounds = outside->bounds(partition, Deadline::in(std::chrono::seconds(20)));
    ASSERT_TRUE(bounds) << bounds.error().text();
    ends[partition] = bounds->end;
    stream_->retain_from(partition, ends[partition]);
  }
  outside.reset();
  send(1000, 1500);
  one = join("a");
  // Their time lies in what was lost, so that it cannot be told whether they are copies (R6).
  step_until([&] { return ledger_.unprovable.size() == 500; });
  EXPECT_TRUE(all_applied(500));
  ASSERT_EQ(ledger_.gaps.size(), static_cast<std::size_t>(kPartitions));
  for (const Gap& gap : ledger_.gaps) {
    EXPECT_LT(gap.from, gap.to);
    EXPECT_EQ(gap.to, ends[gap.partition]);
  }
  EXPECT_TRUE(ledger_.breaks.empty());
}

TEST_P(LoopOnStream, a_quiet_topic_is_known_to_be_applied_up_to_now) {
  const WallTime before = system_clock().now();
  send(0, 10);
  auto one = join("a");
  auto caught_up = [&] {
    int known = 0;
    for (const auto& [partition, progress] : ledger_.progress) {
      known += progress.caught_up_at && *progress.caught_up_at > before;
    }
    return known == kPartitions && all_applied(10);
  };
  const Deadline deadline = Deadline::in(std::chrono::seconds(30));
  while (!caught_up() && !deadline.passed()) step(*one, 1);
  EXPECT_TRUE(caught_up());
  EXPECT_TRUE(one->loop->not_ready().empty());
}

INSTANTIATE_TEST_SUITE_P(Streams, LoopOnStream,
                         testing::Values(Implementation{"file_group", make_file_group_stream},
                                         Implementation{"kafka", make_kafka_stream}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace weir
