// Another topic: the old spool is drained to the old one, and the new epoch's seals carry its
// numbers (R13, R14).
#include "ingest/producer/producer_file.h"
#include "ingest/producer/producer_fixture.h"
#include "ingest/spool/file_log.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr PartitionId kFirst{0};

class ProducerEpochs : public ProducerTest {
 protected:
  ProducerEpochs() : moved_to_(4, clock_) {
    options_.open_topic = [this](const std::string& topic) -> Result<std::unique_ptr<RecordSink>> {
      if (topic == "requests" && former_there_) return stream_.sink();
      return Error{ErrorCode::not_found, "topic " + topic + " is not there", ""};
    };
  }
  void move() {
    options_.topic = "requests-2";
    sink_ = moved_to_.sink();
  }

  MemoryStream moved_to_;
  bool former_there_ = true;
};

TEST_F(ProducerEpochs, R14_another_topic_is_the_next_epoch_behind_a_drained_spool) {
  std::unique_ptr<Producer> producer = begun();
  const std::string id = producer->standing().id;
  for (const char* value : {"a", "b"}) ASSERT_TRUE(append(*producer, 0, value));
  ASSERT_TRUE(append(*producer, 1, "c"));
  producer.reset();
  move();
  producer = begun();
  EXPECT_EQ(producer->standing().id, id);
  EXPECT_EQ(producer->standing().epoch, 2);
  EXPECT_EQ(*producer->partition_count(soon()), 4);
  const Told former = Told::of(stream_);
  for (const char* value : {"a", "b", "c"}) EXPECT_TRUE(former.has(value));
  former.expect_promises();
  const std::vector<Seal> last = former.seals(kFirst, Seal::Kind::sealed);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_THAT(last[0].numbers[0].last, ElementsAre(2, 1));
  EXPECT_TRUE(last[0].final);
  EXPECT_EQ(last[0].until_us, clock_.now().value);

  ASSERT_TRUE(append(*producer, 3, "d"));
  forward_all(*producer);
  ASSERT_TRUE(*producer->seal(soon()));
  const Told present = Told::of(moved_to_);
  ASSERT_EQ(present.seals(kFirst, Seal::Kind::registration).size(), 1u);
  EXPECT_EQ(present.seals(kFirst, Seal::Kind::registration)[0].epoch, 2);
  const std::vector<Seal> seals = present.seals(kFirst, Seal::Kind::sealed);
  ASSERT_EQ(seals.size(), 1u);
  ASSERT_EQ(seals[0].numbers.size(), 2u);
  EXPECT_THAT(seals[0].numbers[0].last, ElementsAre(2, 1));
  EXPECT_THAT(seals[0].numbers[1].last, ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(present.in(PartitionId{3}).back().origin.epoch +
                present.in(PartitionId{3}).front().origin.epoch,
            0);  // seals bear no numbers
}

// What stands in the input and was not read yet is accepted, too: W = now would vouch for it.
TEST_F(ProducerEpochs, R15_the_final_seal_of_an_input_vouches_for_numbers_and_for_no_time) {
  options_.accepted_when = AcceptedWhen::input;
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  producer.reset();
  move();
  producer = begun();
  const std::vector<Seal> last = Told::of(stream_).seals(kFirst, Seal::Kind::sealed);
  ASSERT_EQ(last.size(), 1u);
  EXPECT_TRUE(last[0].final);
  EXPECT_EQ(last[0].until_us, 0);
  EXPECT_THAT(last[0].numbers[0].last, ElementsAre(1, 0));
}

// The final seal is out, the crash comes before the new epoch, and it is started with the old topic
// again: numbers of the old epoch would be read by nobody once the move is finished.
TEST_F(ProducerEpochs, R2_an_epoch_whose_final_seal_is_out_never_goes_on) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  producer.reset();
  const std::string former = options_.topic;
  move();
  std::int64_t cut = 0;
  for (std::int64_t step = 1; cut == 0; ++step) {
    ASSERT_LT(step, 1000);
    disk_.die_at_step(step, [](std::uint64_t) { return 0; });
    Result<std::unique_ptr<Producer>> opened = try_open();
    if (opened) (void)(*opened)->begin(soon());
    if (opened) opened->reset();
    disk_.power_fail([](std::uint64_t) { return 0; });
    cut = static_cast<std::int64_t>(Told::of(stream_).seals(kFirst, Seal::Kind::sealed).size());
  }
  disk_.die_at_step(0, {});
  options_.topic = former;
  sink_ = stream_.sink();
  producer = begun();
  EXPECT_EQ(producer->standing().epoch, 2);
  ASSERT_TRUE(append(*producer, 0, "b"));
  forward_all(*producer);
  ASSERT_TRUE(*producer->seal(soon()));
  const Told told = Told::of(stream_);
  told.expect_promises();
  EXPECT_EQ(told.seals(kFirst, Seal::Kind::registration).back().epoch, 2);
}

TEST_F(ProducerEpochs, R14_events_for_a_topic_that_is_gone_are_never_dropped) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  producer.reset();
  move();
  former_there_ = false;
  producer = open();
  const Status begun_now = producer->begin(soon());
  ASSERT_FALSE(begun_now);
  EXPECT_THAT(begun_now.error().text(), HasSubstr("requests"));
  EXPECT_FALSE(append(*producer, 0, "b"));
  former_there_ = true;
  ASSERT_TRUE(producer->begin(soon()));
  EXPECT_TRUE(Told::of(stream_).has("a"));
}

TEST_F(ProducerEpochs, a_drained_spool_needs_its_topic_no_more) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  forward_all(*producer);
  producer.reset();
  move();
  former_there_ = false;
  producer = begun();
  ASSERT_TRUE(*producer->seal(soon()));
  const std::vector<Seal> seals = Told::of(moved_to_).seals(kFirst, Seal::Kind::sealed);
  ASSERT_EQ(seals.size(), 1u);
  EXPECT_THAT(seals[0].numbers[0].last, ElementsAre(1, 0));
}

// A new epoch took events for the partition that had come by mistake: when the topic was put back they
// were stuck, and held every close.
TEST_F(ProducerEpochs, R2_more_partitions_of_the_same_topic_are_refused_until_it_is_as_it_was) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  producer.reset();
  stream_.add_partitions(1);
  producer = open();
  const Status refused = producer->begin(soon());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_THAT(refused.error().text(), HasSubstr("3 partitions now, and the spool is for 2"));
  EXPECT_THAT(refused.error().remedy, HasSubstr("weir-quota move declare"));
  EXPECT_FALSE(append(*producer, 0, "b"));
  EXPECT_THAT(producer->standing().not_ready, HasSubstr("3 partitions now"));

  stream_.remove_partitions(1);
  ASSERT_TRUE(producer->begin(soon()));
  EXPECT_EQ(producer->standing().epoch, 1);
  ASSERT_TRUE(append(*producer, 0, "b"));
  forward_all(*producer);
  const Told told = Told::of(stream_);
  EXPECT_TRUE(told.has("a"));
  EXPECT_TRUE(told.has("b"));
  told.expect_promises();
}

// Made anew with too few by mistake, and then as it was: neither is growth.
TEST_F(ProducerEpochs, R2_fewer_partitions_are_the_next_epoch_and_those_it_had_the_one_after) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  forward_all(*producer);
  producer.reset();
  stream_.remove_partitions(1);
  producer = begun();
  EXPECT_EQ(producer->standing().epoch, 2);
  EXPECT_EQ(*producer->partition_count(soon()), 1);
  ASSERT_TRUE(append(*producer, 0, "b"));
  stream_.add_partitions(1);
  forward_all(*producer);
  EXPECT_THAT(append(*producer, 0, "c").error().text(), HasSubstr("restart weir-ingest"));
  producer.reset();
  producer = begun();
  EXPECT_EQ(producer->standing().epoch, 3);
  ASSERT_TRUE(append(*producer, 1, "c"));
  forward_all(*producer);
  EXPECT_TRUE(Told::of(stream_).has("c"));
}

TEST_F(ProducerEpochs, R14_a_crash_at_any_step_of_the_change_loses_nothing_and_repeats_no_number) {
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  producer.reset();
  move();
  std::int64_t crashes = 0;
  for (std::int64_t step = 1;; ++step) {
    disk_.die_at_step(step, [](std::uint64_t) { return 0; });
    Result<std::unique_ptr<Producer>> opened = try_open();
    const bool done = opened && (*opened)->begin(soon()) && (*opened)->standing().epoch == 2;
    if (opened) opened->reset();
    if (done && !disk_.dead()) break;
    ++crashes;
    disk_.power_fail([](std::uint64_t) { return 0; });
    ASSERT_LT(step, 1000);
  }
  disk_.die_at_step(0, {});
  EXPECT_GT(crashes, 5);
  producer = begun();
  ASSERT_TRUE(append(*producer, 3, "b"));
  forward_all(*producer);
  ASSERT_TRUE(*producer->seal(soon()));
  EXPECT_TRUE(Told::of(stream_).has("a"));
  EXPECT_TRUE(Told::of(moved_to_).has("b"));
  Told::of(stream_).expect_promises();
  const std::vector<Seal> seals = Told::of(moved_to_).seals(kFirst, Seal::Kind::sealed);
  ASSERT_FALSE(seals.empty());
  EXPECT_THAT(seals.back().numbers[0].last, ElementsAre(1, 0));
}

// A crash between the new spool and the file that names it, and then the topic has another count: "give it
// a folder of its own", for ever.
TEST_F(ProducerEpochs, R14_a_spool_that_nobody_names_is_made_anew) {
  const auto leave_behind = [&](std::int64_t epoch, std::int32_t partitions,
                                const std::string& value) {
    FileLogOptions options;
    options.folder = epoch_folder(options_.folder, epoch);
    options.partitions = partitions;
    Result<std::unique_ptr<FileLog>> log = FileLog::open(disk_, options, clock_);
    ASSERT_TRUE(log);
    if (value.empty()) return;
    LogRecord record;
    record.content_type = kJson;
    record.value = value;
    ASSERT_TRUE((*log)->append({&record, 1}, soon()));
  };
  leave_behind(1, 3, "");
  std::unique_ptr<Producer> producer = begun();
  ASSERT_TRUE(append(*producer, 0, "a"));
  producer.reset();
  leave_behind(2, 3, "");
  move();
  producer = begun();
  EXPECT_EQ(producer->standing().epoch, 2);
  EXPECT_EQ(*producer->partition_count(soon()), 4);
  ASSERT_TRUE(append(*producer, 3, "d"));
  producer.reset();

  leave_behind(3, 2, "whose is it?");
  options_.topic = "requests-3";
  sink_ = stream_.sink();
  options_.open_topic = [this](const std::string&) { return moved_to_.sink(); };
  producer = open();
  const Status refused = producer->begin(soon());
  EXPECT_EQ(refused.error().code, ErrorCode::integrity);
  EXPECT_THAT(refused.error().what, HasSubstr("epoch-3"));
}

}  // namespace
}  // namespace weir
