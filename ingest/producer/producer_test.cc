// What a producer promises, step by step: see producer.h.
#include "ingest/producer/producer_file.h"
#include "ingest/producer/producer_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr PartitionId kFirst{0};
constexpr PartitionId kSecond{1};

TEST_F(ProducerTest, R13_registers_in_every_partition_before_the_first_event_is_accepted) {
  std::unique_ptr<Producer> producer = open();
  const Status early = append(*producer, 0, "early");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(producer->standing().not_ready.empty());
  ASSERT_TRUE(producer->begin(soon()));
  const Told told = Told::of(stream_);
  for (const PartitionId partition : {kFirst, kSecond}) {
    const std::vector<Seal> seals = told.seals(partition, Seal::Kind::registration);
    ASSERT_EQ(seals.size(), 1u);
    EXPECT_THAT(seals[0].producer, StartsWith("gw-1-"));
    EXPECT_EQ(seals[0].epoch, 1);
    EXPECT_EQ(seals[0].accepted_when, "spool");
  }
  EXPECT_TRUE(append(*producer, 0, "a"));
  EXPECT_EQ(*producer->partition_count(soon()), 2);
}

TEST_F(ProducerTest, R13_a_registration_in_doubt_is_written_again_before_anything_is_accepted) {
  stream_.fail_appends({{ErrorCode::in_doubt, true}, {ErrorCode::unavailable, false}});
  std::unique_ptr<Producer> producer = open();
  EXPECT_FALSE(producer->begin(soon()));
  EXPECT_FALSE(append(*producer, 0, "early"));
  const std::string id = producer->standing().id;
  producer.reset();
  producer = open();
  EXPECT_FALSE(producer->begin(soon()));
  ASSERT_TRUE(producer->begin(soon()));
  EXPECT_EQ(producer->standing().id, id);
  EXPECT_EQ(Told::of(stream_).seals(kFirst, Seal::Kind::registration).size(), 2u);
}

TEST_F(ProducerTest, R13_a_number_is_the_spools_offset_and_one) {
  std::unique_ptr<Producer> producer = begun();
  for (const char* value : {"a", "b", "c"}) ASSERT_TRUE(append(*producer, 0, value));
  ASSERT_TRUE(append(*producer, 1, "d"));
  EXPECT_EQ(producer->standing().waiting(), 4);
  forward_all(*producer);
  const Told told = Told::of(stream_);
  std::int64_t number = 0;
  for (const Told::Record& record : told.in(kFirst)) {
    if (record.content_type == kSeal) continue;
    EXPECT_EQ(record.origin.number, ++number);
    EXPECT_EQ(record.producer, producer->standing().id);
    EXPECT_EQ(record.origin.epoch, 1);
    EXPECT_EQ(record.content_type, kJson);
  }
  EXPECT_EQ(number, 3);
  EXPECT_EQ(told.in(kSecond).back().origin.number, 1);
  EXPECT_THAT(producer->standing().forwarded, ElementsAre(3, 1));
  told.expect_promises();
}

TEST_F(ProducerTest, with_the_stream_away_it_goes_on_accepting_and_sends_in_order_later) {
  begun().reset();
  stream_.fail_appends(std::vector<MemoryStream::AppendFault>(3));
  std::unique_ptr<Producer> producer = begun();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(append(*producer, i % 2, std::to_string(i)));
    if (i < 3) {
      EXPECT_FALSE(producer->forward(soon()));
    }
  }
  EXPECT_TRUE(producer->standing().oldest_waiting.has_value());
  forward_all(*producer);
  EXPECT_FALSE(producer->standing().oldest_waiting.has_value());
  std::vector<std::string> values;
  for (const Told::Record& record : Told::of(stream_).in(kFirst)) {
    if (record.content_type != kSeal) values.push_back(record.value);
  }
  EXPECT_THAT(values, ElementsAre("0", "2", "4", "6", "8", "10", "12", "14", "16", "18"));
}

TEST_F(ProducerTest, R13_what_was_in_doubt_is_sent_again_with_the_same_numbers) {
  std::unique_ptr<Producer> producer = begun();
  for (const char* value : {"a", "b", "c", "d"}) ASSERT_TRUE(append(*producer, 0, value));
  stream_.fail_appends({{ErrorCode::in_doubt, true}});
  EXPECT_FALSE(producer->forward(soon()));
  forward_all(*producer);
  const Told told = Told::of(stream_);
  told.expect_promises();
  EXPECT_GT(told.in(kFirst).size(), 5u);  // some stand there twice
  for (const char* value : {"a", "b", "c", "d"}) EXPECT_TRUE(told.has(value));
}

TEST_F(ProducerTest, R14_a_restart_with_the_spool_in_hand_goes_on_in_the_same_epoch) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  const std::string id = producer->standing().id;
  producer.reset();
  disk_.power_fail([](std::uint64_t) { return 0; });
  producer = begun();
  EXPECT_EQ(producer->standing().id, id);
  EXPECT_EQ(producer->standing().epoch, 1);
  ASSERT_TRUE(append(*producer, 0, "b"));
  forward_all(*producer);
  const Told told = Told::of(stream_);
  told.expect_promises();
  EXPECT_TRUE(told.has("a"));
  EXPECT_EQ(told.in(kFirst).back().origin.number, 2);
  EXPECT_EQ(told.seals(kFirst, Seal::Kind::registration).size(), 1u);
}

TEST_F(ProducerTest, R14_a_lost_spool_is_a_new_producer) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  const std::string id = producer->standing().id;
  producer.reset();
  options_.folder = "/another";
  producer = begun();
  EXPECT_NE(producer->standing().id, id);
  EXPECT_THAT(producer->standing().id, StartsWith("gw-1-"));
}

TEST_F(ProducerTest, R14_a_spool_that_ends_before_what_was_forwarded_is_refused) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  forward_all(*producer);
  producer.reset();
  // As if an older copy of the spool had been put back.
  ASSERT_TRUE(write_cursor(disk_, "/spool", 1, {Offset{2}, Offset{0}}));
  const Result<std::unique_ptr<Producer>> opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::integrity);
}

TEST_F(ProducerTest, R13_a_seal_waits_until_all_that_it_tells_of_is_in) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  const WallTime first = clock_.now();
  EXPECT_FALSE(*producer->seal(soon()));
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(append(*producer, 0, "b"));  // behind W: not among the seal's numbers
  EXPECT_TRUE(Told::of(stream_).seals(kFirst, Seal::Kind::sealed).empty());
  forward_all(*producer);
  EXPECT_TRUE(*producer->seal(soon()));
  const Told told = Told::of(stream_);
  for (const PartitionId partition : {kFirst, kSecond}) {
    const std::vector<Seal> seals = told.seals(partition, Seal::Kind::sealed);
    ASSERT_EQ(seals.size(), 1u);
    EXPECT_EQ(seals[0].until_us, first.value);
    ASSERT_EQ(seals[0].numbers.size(), 1u);
    EXPECT_THAT(seals[0].numbers[0].last, ElementsAre(1, 0));
  }
  EXPECT_EQ(producer->standing().sealed_until, first);
  told.expect_promises();
}

TEST_F(ProducerTest, R13_a_seal_in_doubt_is_sent_again_as_it_was) {
  std::unique_ptr<Producer> producer = begun();
  stream_.fail_appends({{ErrorCode::in_doubt, true}});
  EXPECT_FALSE(producer->seal(soon()));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(*producer->seal(soon()));
  const std::vector<Seal> seals = Told::of(stream_).seals(kFirst, Seal::Kind::sealed);
  ASSERT_EQ(seals.size(), 2u);
  EXPECT_EQ(seals[0], seals[1]);
}

TEST_F(ProducerTest, R15_the_readers_of_an_input_say_w_themselves) {
  options_.accepted_when = AcceptedWhen::input;
  std::unique_ptr<Producer> producer = begun();
  const WallTime read_at = clock_.now();
  ASSERT_TRUE(append(*producer, 0, "read after W"));
  EXPECT_FALSE(*producer->send_proposed_seal(soon()));
  EXPECT_TRUE(producer->propose_seal(read_at));
  EXPECT_FALSE(producer->propose_seal(read_at + 1));  // one at a time
  forward_all(*producer);
  EXPECT_TRUE(*producer->send_proposed_seal(soon()));
  const std::vector<Seal> seals = Told::of(stream_).seals(kFirst, Seal::Kind::sealed);
  ASSERT_EQ(seals.size(), 1u);
  EXPECT_EQ(seals[0].until_us, read_at.value);
  EXPECT_THAT(seals[0].numbers[0].last, ElementsAre(1, 0));
  EXPECT_EQ(seals[0].accepted_when, "input");
}

TEST_F(ProducerTest, accepted_by_the_broker_means_acknowledged) {
  options_.accepted_when = AcceptedWhen::broker;
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  EXPECT_TRUE(Told::of(stream_).has("a"));
  stream_.fail_appends({{ErrorCode::unavailable, false}});
  const Status away = append(*producer, 0, "b");
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::in_doubt);
  forward_all(*producer);
  EXPECT_TRUE(Told::of(stream_).has("b"));
}

TEST_F(ProducerTest, a_full_spool_accepts_nothing_until_the_stream_has_taken_some) {
  options_.spool_bytes_max = 8 << 20;
  options_.segment_bytes = 1 << 20;
  std::unique_ptr<Producer> producer = begun();
  const std::string value(400'000, 'x');
  Status taken;
  int accepted = 0;
  while ((taken = append(*producer, 0, value)) && accepted < 1000) ++accepted;
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::full);
  EXPECT_GT(accepted, 5);
  forward_all(*producer);
  EXPECT_TRUE(append(*producer, 0, value));
  forward_all(*producer);
  EXPECT_EQ(producer->standing().numbers[0], accepted + 1);
}

TEST_F(ProducerTest, a_full_volume_empties_itself_when_the_stream_is_back) {
  options_.segment_bytes = 1 << 20;
  std::unique_ptr<Producer> producer = begun();
  disk_.set_bytes_max(5 << 20);
  const std::string value(100'000, 'x');
  Status taken;
  int accepted = 0;
  while ((taken = append(*producer, 0, value)) && accepted < 1000) ++accepted;
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::full);
  EXPECT_GT(accepted, 20);
  for (int i = 0; i < 100 && producer->standing().waiting() > 0; ++i) {
    const Result<bool> sent = producer->forward(soon());  // may say that the volume is full
    EXPECT_TRUE(sent || sent.error().code == ErrorCode::full);
  }
  forward_all(*producer);
  EXPECT_TRUE(append(*producer, 0, value));
  producer.reset();
  producer = begun();
  forward_all(*producer);
  const Told told = Told::of(stream_);
  told.expect_promises();
  EXPECT_EQ(told.in(kFirst).back().origin.number, accepted + 1);
}

TEST_F(ProducerTest, R14_END_holds_all_numbers_and_nothing_is_accepted_behind_it) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  ASSERT_TRUE(append(*producer, 1, "b"));
  stream_.fail_appends({{ErrorCode::unavailable, false}});
  EXPECT_FALSE(producer->end(soon()));
  const Status late = append(*producer, 0, "late");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::conflict);
  producer.reset();
  producer = begun();  // the end outlives a restart
  EXPECT_FALSE(append(*producer, 0, "late"));
  ASSERT_TRUE(producer->end(soon()));
  EXPECT_TRUE(producer->standing().ended);
  const Told told = Told::of(stream_);
  told.expect_promises();
  for (const PartitionId partition : {kFirst, kSecond}) {
    const std::vector<Seal> ends = told.seals(partition, Seal::Kind::end);
    ASSERT_EQ(ends.size(), 1u);
    EXPECT_THAT(ends[0].numbers[0].last, ElementsAre(1, 1));
  }
  EXPECT_FALSE(told.has("late"));
}

TEST_F(ProducerTest, R14_behind_an_end_a_new_producer_begins) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  const std::string former = producer->standing().id;
  ASSERT_TRUE(producer->end(soon()));
  producer.reset();
  producer = begun();
  EXPECT_NE(producer->standing().id, former);
  ASSERT_TRUE(append(*producer, 0, "b"));
  forward_all(*producer);
  Told::of(stream_).expect_promises();
}

TEST_F(ProducerTest, a_spool_is_removed_only_behind_its_end) {
  std::unique_ptr<Producer> producer = begun();
  producer.reset();
  EXPECT_EQ(remove_spool(disk_, "/spool").error().code, ErrorCode::conflict);
  producer = begun();
  ASSERT_TRUE(producer->end(soon()));
  producer.reset();
  EXPECT_TRUE(read_spool_identity(disk_, "/spool")->ended);
  EXPECT_TRUE(remove_spool(disk_, "/spool"));
  EXPECT_EQ(read_spool_identity(disk_, "/spool").error().code, ErrorCode::not_found);
}

TEST_F(ProducerTest, one_process_has_a_spool) {
  std::unique_ptr<Producer> producer = open();
  const Result<std::unique_ptr<Producer>> second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(ProducerTest, R2_partitions_that_come_under_a_running_producer_stop_it_from_accepting) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  stream_.add_partitions(2);
  forward_all(*producer);
  const Status refused = append(*producer, 0, "b");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("4 partitions now"));
  EXPECT_TRUE(Told::of(stream_).has("a"));
  stream_.remove_partitions(2);
  EXPECT_TRUE(*producer->seal(soon()));
  forward_all(*producer);
  EXPECT_TRUE(append(*producer, 0, "b")) << "as it was";
}

// The refusal told the operator to throw the spool away, with events in it that were answered 202.
TEST_F(ProducerTest, R14_a_producer_that_is_ending_asks_for_patience_and_for_its_folder) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "accepted"));
  stream_.fail_appends(std::vector<MemoryStream::AppendFault>(1));
  EXPECT_FALSE(producer->end(soon()));
  const Status refused = append(*producer, 0, "more");
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().remedy, testing::HasSubstr("ends by itself"));
  EXPECT_THAT(refused.error().remedy, testing::HasSubstr("do not remove"));
  EXPECT_THAT(producer->standing().not_ready, testing::HasSubstr("ends by itself"));
  ASSERT_TRUE(producer->end(soon()));
  EXPECT_THAT(append(*producer, 0, "more").error().remedy, testing::HasSubstr("restart"));
  EXPECT_THAT(producer->standing().not_ready, testing::HasSubstr("restart"));
}

}  // namespace
}  // namespace weir
