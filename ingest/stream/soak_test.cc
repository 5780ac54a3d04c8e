// Random lives of a stream and two consumers, by seed: whatever happens, each event is applied at most
// once, and once all is quiet each one was applied exactly once, kept aside, or stands in a gap.
#include "ingest/stream/loop_fixture.h"

#include <random>

namespace weir {
namespace {

class SoakTest : public LoopTest, public testing::WithParamInterface<int> {
 protected:
  int draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  void append_some() {
    for (int i = draw(4); i >= 0; --i) {
      const bool copy = sent_ > 0 && draw(3) == 0;
      const int which = copy ? sent_ - 1 - draw(std::min(sent_, 200)) : sent_++;
      put(which % 2, "e" + std::to_string(which));
    }
    if (draw(20) == 0) stream.put(PartitionId{draw(2)}, "", "poison");
    if (draw(10) == 0) stream.put_marker(PartitionId{draw(2)});
  }

  void happen() {
    switch (draw(8)) {
      case 0:
        stream.rebalance();
        break;
      case 1:
        stream.fail_polls(draw(3));
        break;
      case 2:
        stream.fail_questions(draw(3));
        break;
      case 3:
        members_[draw(2) == 0 ? 0 : 1].reset();  // kill -9
        break;
      default:
        if (auto& member = members_[draw(2) == 0 ? 0 : 1]) {
          (draw(2) == 0 ? member->handler->failing_commits : member->handler->lost_replies) =
              draw(3);
        }
    }
  }

  void step_all() {
    for (std::size_t i = 0; i < 2; ++i) {
      if (!members_[i] && draw(10) == 0) members_[i] = consumer(i == 0 ? "a" : "b");
      for (int n = draw(12); n >= 0 && members_[i]; --n) {
        const Status stepped = members_[i]->loop->step(Micros{0});
        ASSERT_TRUE(stepped) << stepped.error().text();
      }
    }
  }

  std::mt19937 random_{static_cast<std::mt19937::result_type>(GetParam())};
  std::unique_ptr<Consumer> members_[2];
  int sent_ = 0;
};

TEST_P(SoakTest, each_event_is_applied_exactly_once) {
  options.identity.open_age_max = std::chrono::minutes(1);
  options.commit_rows_max = 7;
  for (int turn = 0; turn < 400; ++turn) {
    append_some();
    if (draw(6) == 0) happen();
    step_all();
    clock.advance(std::chrono::milliseconds(draw(2000)));
  }
  for (auto& member : members_) member.reset();
  auto last = consumer("a");
  settle(*last, 3000);

  EXPECT_TRUE(last->loop->not_ready().empty());
  for (int i = 0; i < sent_; ++i) {
    ASSERT_EQ(times_applied("e" + std::to_string(i)), 1) << "event " << i;
  }
  EXPECT_TRUE(ledger.unprovable.empty());
  EXPECT_TRUE(ledger.gaps.empty());
  EXPECT_TRUE(ledger.breaks.empty());
  expect_identity_holds(*last);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SoakTest, testing::Range(1, 25));

}  // namespace
}  // namespace weir
