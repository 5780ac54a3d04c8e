// The consumer loop on the in-memory twin: what is applied, what is kept aside, and where it goes on.
#include "ingest/stream/consumer_loop.h"

#include "ingest/stream/loop_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr PartitionId kZero{0};

TEST_F(LoopTest, every_event_is_applied_once_and_the_position_is_behind_it) {
  for (int i = 0; i < 10; ++i) put(i % 2, "e" + std::to_string(i));
  auto c = consumer();
  settle(*c);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(times_applied("e" + std::to_string(i)), 1);
  EXPECT_EQ(next(0).value, 5);
  EXPECT_EQ(next(1).value, 5);
  EXPECT_TRUE(c->loop->not_ready().empty());
  expect_identity_holds(*c);
}

TEST_F(LoopTest, a_copy_is_a_duplicate_in_the_same_batch_and_in_a_later_one) {
  put(0, "a");
  put(0, "a");
  auto c = consumer();
  settle(*c);
  put(0, "a");
  settle(*c);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(ledger.progress[kZero].counts.duplicate, 2);
  EXPECT_EQ(next(0).value, 3);
  expect_identity_holds(*c);
}

TEST_F(LoopTest, poison_is_kept_whole_and_blocks_nobody) {
  put(0, "before");
  stream.put(kZero, "", "{not json");
  stream.put(kZero, "application/x-unheard-of", "?");
  put(0, "after");
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(times_applied("before"), 1);
  EXPECT_EQ(times_applied("after"), 1);
  ASSERT_THAT(ledger.quarantined, SizeIs(2));
  EXPECT_EQ(ledger.quarantined[0].reason, "malformed");
  EXPECT_EQ(ledger.quarantined[0].raw, "{not json");
  EXPECT_TRUE(ledger.quarantined[0].whole);
  EXPECT_EQ(ledger.quarantined[0].offset.value, 1);
  EXPECT_EQ(ledger.quarantined[1].reason, "unknown_content_type");
  EXPECT_EQ(ledger.quarantined[1].content_type, "application/x-unheard-of");
  EXPECT_EQ(next(0).value, 4);
  expect_identity_holds(*c);
}

TEST_F(LoopTest, an_event_of_the_future_is_kept_aside_and_its_neighbours_are_applied) {
  const std::string subscription = subscription_of(0);
  clock.advance(std::chrono::hours(1));
  const std::string late = event("future", subscription);
  clock.advance(-std::chrono::hours(1));
  stream.put(kZero, "application/json",
             "[" + event("a", subscription) + "," + late + "," + event("b", subscription) + "]");
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(times_applied("a") + times_applied("b"), 2);
  ASSERT_THAT(ledger.quarantined, SizeIs(1));
  EXPECT_EQ(ledger.quarantined[0].reason, "in_future");
  EXPECT_EQ(ledger.quarantined[0].row, 1u);
  EXPECT_FALSE(ledger.quarantined[0].whole);
  expect_identity_holds(*c);
}

TEST_F(LoopTest, R2_a_misrouted_event_is_kept_aside_and_says_how_to_mend_the_producer) {
  const std::string home = subscription_of(0), stranger = subscription_of(1);
  stream.put(kZero, "",
             "[" + event("a", home) + "," + event("x", stranger) + "," + event("b", home) + "]",
             "some key");
  stream.put(kZero, "", event("y", stranger));
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(times_applied("a") + times_applied("b"), 2);
  EXPECT_EQ(times_applied("x") + times_applied("y"), 0);
  EXPECT_THAT(ledger.order, ElementsAre(Address{Incarnation{1}, Offset{0}, 0},
                                        Address{Incarnation{1}, Offset{0}, 2}));
  ASSERT_THAT(ledger.quarantined, SizeIs(2));
  EXPECT_EQ(ledger.quarantined[0].reason, "misrouted");
  EXPECT_EQ(ledger.quarantined[0].row, 1u);
  EXPECT_THAT(ledger.quarantined[0].detail, HasSubstr("partition 0, expected 1"));
  EXPECT_THAT(ledger.quarantined[0].detail, HasSubstr("topic.partitioner=murmur2_random"));
  EXPECT_THAT(ledger.quarantined[1].detail, HasSubstr("has no key"));
  expect_identity_holds(*c);
}

TEST_F(LoopTest, R2_partitioner_any_takes_rows_from_anywhere) {
  options.check_partitioner = false;
  stream.put(kZero, "", event("x", subscription_of(1)));
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(times_applied("x"), 1);
}

TEST_F(LoopTest, R2_a_refused_partition_count_stops_consumption) {
  put(0, "a");
  auto c = consumer();
  c->handler->partitions_expected = 3;
  (void)c->loop->step(Micros{0});
  const Status stepped = c->loop->step(Micros{0});
  ASSERT_FALSE(stepped);
  EXPECT_EQ(stepped.error().code, ErrorCode::integrity);
  EXPECT_EQ(times_applied("a"), 0);
}

TEST_F(LoopTest, R4_only_applied_rows_enter_the_index) {
  stream.put(kZero, "", event("x", subscription_of(1)));  // misrouted, so not applied
  auto c = consumer();
  settle(*c);
  const std::string home = subscription_of(1);
  stream.put(PartitionId{1}, "", event("x", home), home);
  settle(*c);
  EXPECT_EQ(times_applied("x"), 1);
}

TEST_F(LoopTest, a_barrier_moves_the_position_and_is_the_newest_anchor) {
  put(0, "a");
  const Offset barrier = stream.put(kZero, "application/vnd.weir.barrier", R"({"barrier":"b"})");
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(next(0), barrier + 1);
  ASSERT_TRUE(ledger.progress[kZero].anchor);
  EXPECT_EQ(ledger.progress[kZero].anchor->offset, barrier);
  EXPECT_EQ(ledger.progress[kZero].counts.received, 1);
  EXPECT_TRUE(ledger.quarantined.empty());
}

TEST_F(LoopTest, offsets_without_a_record_move_the_position) {
  put(0, "a");
  stream.begin_transaction(kZero, 3);
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(next(0).value, 1);
  stream.end_transaction(kZero);
  settle(*c);
  EXPECT_EQ(next(0).value, 5);
  EXPECT_EQ(ledger.progress[kZero].anchor->offset.value, 0);
}

TEST_F(LoopTest, a_transient_commit_failure_keeps_the_batch_and_the_order_while_polling_goes_on) {
  auto c = consumer();
  settle(*c, 5);
  put(0, "a");
  c->handler->failing_commits = 3;
  const std::int64_t polls_before = stream.seen().polls;
  read_without_commit(*c, 3);
  clock.advance(options.commit_interval);
  read_without_commit(*c, 1);
  put(0, "b");  // comes while the batch waits
  const int attempts = c->handler->attempts;
  read_without_commit(*c, 10);
  EXPECT_EQ(c->handler->attempts, attempts);  // not before the backoff is over
  EXPECT_GE(stream.seen().polls, polls_before + 14);
  EXPECT_EQ(stream.seen().pauses, 1);
  EXPECT_EQ(times_applied("a"), 0);
  settle(*c, 200);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(times_applied("b"), 1);
  EXPECT_THAT(ledger.order, ElementsAre(Address{Incarnation{1}, Offset{0}, 0},
                                        Address{Incarnation{1}, Offset{1}, 0}));
  EXPECT_EQ(stream.seen().resumes, 1);
  expect_identity_holds(*c);
}

TEST_F(LoopTest, a_lost_reply_is_no_second_application) {
  put(0, "a");
  auto c = consumer();
  c->handler->lost_replies = 1;
  settle(*c, 100);
  EXPECT_EQ(times_applied("a"), 1);
  put(0, "b");
  settle(*c);
  EXPECT_EQ(times_applied("b"), 1);
  EXPECT_EQ(next(0).value, 2);
}

TEST_F(LoopTest, a_broker_or_a_store_that_is_away_is_waited_for) {
  put(0, "a");
  stream.fail_polls(5);
  stream.fail_questions(4);
  auto c = consumer();
  c->handler->failing_loads = 3;
  settle(*c, 300);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_TRUE(c->loop->not_ready().empty());
}

TEST_F(LoopTest, what_a_revoked_member_had_not_committed_is_applied_once_by_the_next) {
  put(0, "a");
  put(1, "b");
  options.commit_interval = std::chrono::hours(1);
  auto one = consumer("a");
  read_without_commit(*one);
  EXPECT_EQ(times_applied("a"), 0);
  options.commit_interval = std::chrono::milliseconds(200);
  auto two = consumer("b");
  read_without_commit(*one);
  settle(*two);
  clock.advance(std::chrono::hours(2));
  for (int i = 0; i < 5; ++i) {
    settle(*one, 10);
    settle(*two, 10);
  }
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(times_applied("b"), 1);
}

TEST_F(LoopTest, R5_a_zombies_conflict_makes_it_learn_what_the_other_committed) {
  // A commits 0 and 1; B's compare-and-set fails, and B goes on from 2. The retry of 0 comes at 2.
  auto b = consumer("b");
  settle(*b, 5);
  put(0, "zero");
  put(0, "one");
  read_without_commit(*b, 4);  // B holds 0 and 1 in its batch …
  auto lone = std::make_unique<MemoryHandler>(ledger);
  {
    Metrics metrics;
    MemoryStream twin(kPartitions, clock);  // … while A, elsewhere, applies the same records
    const std::string sub = subscription_of(0);
    twin.put(kZero, "", event("zero", sub), sub);
    twin.put(kZero, "", event("one", sub), sub);
    auto source = twin.join();
    LoopOptions mine = options;
    mine.identity.folder = folder_ + "/elsewhere";
    mine.identity.volume_id = "elsewhere";
    std::filesystem::create_directories(mine.identity.folder);
    ConsumerLoop a(*source, *lone, key, mine, clock, metrics);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(a.step(Micros{0}));
      clock.advance(std::chrono::milliseconds(20));
    }
  }
  EXPECT_EQ(next(0).value, 2);
  put(0, "zero");
  settle(*b, 100);
  EXPECT_EQ(times_applied("zero"), 1);
  EXPECT_EQ(times_applied("one"), 1);
  EXPECT_EQ(next(0).value, 3);
  EXPECT_EQ(ledger.progress[kZero].counts.duplicate, 1);
}

TEST_F(LoopTest, a_row_that_waits_longer_than_the_interval_is_committed_with_what_is_there) {
  auto c = consumer();
  settle(*c);
  put(0, "a");
  read_without_commit(*c, 5);
  EXPECT_EQ(times_applied("a"), 0);
  clock.advance(options.commit_interval);
  read_without_commit(*c, 1);
  EXPECT_EQ(times_applied("a"), 1);
}

TEST_F(LoopTest, a_bound_of_rows_commits_before_the_interval) {
  options.commit_rows_max = 3;
  auto c = consumer();
  settle(*c);
  for (int i = 0; i < 6; ++i) put(0, "e" + std::to_string(i));
  read_without_commit(*c, 10);
  EXPECT_EQ(next(0).value, 6);
}

TEST_F(LoopTest, an_idle_partition_stores_up_to_when_everything_is_applied) {
  put(0, "a");
  auto c = consumer();
  settle(*c);
  const WallTime before = clock.now();
  settle(*c, 50);  // five seconds without traffic
  for (const auto& [partition, progress] : ledger.progress) {
    ASSERT_TRUE(progress.caught_up_at);
    EXPECT_GE(*progress.caught_up_at, before);
    EXPECT_GE(progress.caught_up_at->value,
              clock.now().value - 2 * options.observe_interval.count());
  }
}

TEST_F(LoopTest, a_partition_held_back_by_an_open_transaction_is_not_caught_up) {
  put(0, "a");
  stream.begin_transaction(kZero, 1);
  put(0, "behind");
  auto c = consumer();
  settle(*c, 50);
  EXPECT_FALSE(ledger.progress[kZero].caught_up_at);
  stream.end_transaction(kZero);
  settle(*c, 50);
  EXPECT_TRUE(ledger.progress[kZero].caught_up_at);
  EXPECT_EQ(times_applied("behind"), 1);
}

TEST_F(LoopTest, stopping_commits_what_is_in_hand) {
  auto c = consumer();
  settle(*c);
  put(0, "a");
  read_without_commit(*c, 5);
  ASSERT_EQ(times_applied("a"), 0);
  std::stop_source stop;
  stop.request_stop();
  ASSERT_TRUE(c->loop->run(stop.get_token()));
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(stream.seen().published.at(kZero), Offset{1});
}

}  // namespace
}  // namespace weir
