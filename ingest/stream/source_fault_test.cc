// A source that fails, for one partition or for all: the others are read, and nobody spins.
#include "ingest/stream/loop_fixture.h"
#include "ingest/stream/pass_through_source.h"

namespace weir {
namespace {

constexpr PartitionId kZero{0};
constexpr PartitionId kOne{1};

/// Passes on, but for what it is told to fail.
class FaultySource : public PassThroughSource {
 public:
  using PassThroughSource::PassThroughSource;
  Result<Polled> poll(Micros timeout) override {
    if (polls_until_stop == 0) return real_.poll(timeout);
    if (--polls_until_stop == 0) stop.request_stop();
    return Error{ErrorCode::unavailable, "away, as asked", ""};
  }
  Result<LogBounds> bounds(PartitionId p, Deadline d) override {
    if (failing.contains(p)) return Error{failing.at(p), "bounds fail, as asked", ""};
    return real_.bounds(p, d);
  }

  std::map<PartitionId, ErrorCode> failing;
  int polls_until_stop = 0;
  std::stop_source stop;
};

class SourceFaultTest : public LoopTest {
 protected:
  Status steps(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      WEIR_TRY(loop.step(Micros{0}));
      clock.advance(std::chrono::milliseconds(100));
    }
    return {};
  }
  std::unique_ptr<Source> real = stream.join();
  FaultySource source{*real};
  MemoryHandler handler{ledger};
  Metrics metrics;
  ConsumerLoop loop{source, handler, key, with_folder(), clock, metrics};

 private:
  LoopOptions with_folder() const {
    LoopOptions mine = options;
    mine.identity.folder = folder_;
    mine.identity.volume_id = "a";
    return mine;
  }
};

TEST_F(SourceFaultTest, a_partition_that_cannot_be_loaded_keeps_no_other_one_waiting) {
  source.failing[kZero] = ErrorCode::unavailable;
  put(0, "e");
  put(1, "f");
  ASSERT_TRUE(steps(40));
  EXPECT_EQ(times_applied("f"), 1);
  EXPECT_EQ(times_applied("e"), 0);
  EXPECT_EQ(loop.not_ready().size(), 1u);
  source.failing.clear();
  clock.advance(std::chrono::seconds(30));
  ASSERT_TRUE(steps(40));
  EXPECT_EQ(times_applied("e"), 1);
  EXPECT_TRUE(loop.not_ready().empty());
}

TEST_F(SourceFaultTest, what_must_stop_is_told_though_another_partition_is_only_away) {
  source.failing[kZero] = ErrorCode::unavailable;
  source.failing[kOne] = ErrorCode::integrity;
  const Status stepped = steps(10);
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code, ErrorCode::integrity);
}

TEST_F(SourceFaultTest, a_source_that_fails_at_once_is_asked_with_pauses) {
  source.polls_until_stop = 4;
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(loop.run(source.stop.get_token()));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(150));
}

}  // namespace
}  // namespace weir
