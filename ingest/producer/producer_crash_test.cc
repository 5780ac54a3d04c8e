// A power failure at every step of the disk, and a stream that fails at every turn: whatever was
// accepted is in the stream in the end, no number is given twice, and no seal says too much.
#include "ingest/producer/producer_fixture.h"

#include <set>

namespace weir {
namespace {

class ProducerCrash : public ProducerTest {
 protected:
  /// One life: appends, forwards, seals; ends early when the disk dies. True: it lived to its end.
  bool live(int life) {
    Result<std::unique_ptr<Producer>> opened = try_open();
    if (!opened) return false;
    Producer& producer = **opened;
    for (int turn = 0; turn < 4; ++turn) {
      if (!producer.begin(soon())) return false;
      for (int i = 0; i < 3; ++i) {
        const std::string value =
            std::to_string(life) + "/" + std::to_string(turn) + "/" + std::to_string(i);
        if (append(producer, i % 2, value)) accepted_.insert(value);
      }
      clock_.advance(std::chrono::seconds(1));
      if (!producer.forward(soon())) return false;
      if (!producer.seal(soon())) return false;
    }
    return !disk_.dead();
  }
  void check() {
    Result<std::unique_ptr<Producer>> last = try_open();
    ASSERT_TRUE(last) << last.error().text();
    ASSERT_TRUE((*last)->begin(soon()));
    forward_all(**last);
    Result<bool> sealed = (*last)->seal(soon());
    ASSERT_TRUE(sealed && *sealed);
    const Told told = Told::of(stream_);
    told.expect_promises();
    for (const std::string& value : accepted_) EXPECT_TRUE(told.has(value)) << value;
    std::set<std::string> producers;
    for (const Told::Record& record : told.records) {
      if (record.origin.numbered()) producers.insert(record.producer);
    }
    EXPECT_LE(producers.size(), 1u) << "the spool was in hand all the time";
  }

  std::set<std::string> accepted_;
};

TEST_F(ProducerCrash, R13_numbers_have_no_holes_and_seals_are_true_whenever_the_power_fails) {
  options_.cursor_interval = Micros(0);
  std::int64_t crashes = 0;
  for (std::uint64_t kept = 0; kept < 3; ++kept) {
    auto choice = [&](std::uint64_t n) { return n == 0 ? 0 : kept % n; };
    for (std::int64_t step = 1; step < 120; ++step) {
      disk_.die_at_step(step, choice);
      const bool lived = live(static_cast<int>(kept * 1000) + static_cast<int>(step));
      if (!lived) ++crashes;
      disk_.power_fail(choice);
      disk_.die_at_step(0, {});
    }
  }
  EXPECT_GT(crashes, 100);
  EXPECT_GT(accepted_.size(), 500u);
  check();
}

TEST_F(ProducerCrash, R13_a_stream_that_fails_at_every_turn_costs_nothing) {
  for (int turn = 0; turn < 12; ++turn) {
    std::vector<MemoryStream::AppendFault> faults(static_cast<std::size_t>(turn % 5));
    for (std::size_t i = 0; i < faults.size(); ++i) {
      faults[i] = {(i + static_cast<std::size_t>(turn)) % 2 == 0 ? ErrorCode::in_doubt
                                                                 : ErrorCode::unavailable,
                   (i + static_cast<std::size_t>(turn)) % 2 == 0};
    }
    stream_.fail_appends(faults);
    live(turn);
  }
  stream_.fail_appends({});
  check();
}

}  // namespace
}  // namespace weir
