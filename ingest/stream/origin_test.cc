// What records say of themselves (R7, R13), from the stream to the batch that is committed.
#include "ingest/stream/loop_fixture.h"

#include <gmock/gmock.h>

namespace weir {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr PartitionId kZero{0};

class OriginTest : public LoopTest {
 protected:
  // Long enough for a test's records to be one batch.
  OriginTest() { options.commit_interval = std::chrono::seconds(2); }
  void put_numbered(const std::string& id, const std::string& origin,
                    const std::string& redrive = "") {
    const std::string home = subscription_of(0);
    stream.put(kZero, "", event(id, home), home, origin, redrive);
  }
  std::vector<NumberRun> numbers() { return ledger.numbers[kZero]; }
  const RangeCounts& counts() { return ledger.progress[kZero].counts; }
};

std::string text_of(const std::vector<NumberRun>& runs) {
  std::string text;
  for (const NumberRun& run : runs) {
    text += run.producer + "/" + std::to_string(run.epoch) + ":" + std::to_string(run.from) + "-" +
            std::to_string(run.to) + " ";
  }
  return text;
}

TEST_F(OriginTest, R13_numbers_of_producers_that_take_turns_are_one_run_each) {
  for (int i = 1; i <= 5; ++i) {
    put_numbered("a" + std::to_string(i), "gw-1 2 " + std::to_string(i));
    put_numbered("b" + std::to_string(i), "gw-2 1 " + std::to_string(70 + i));
  }
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(text_of(numbers()), "gw-1/2:1-5 gw-2/1:71-75 ");
  EXPECT_EQ(counts().applied, 10);
  EXPECT_EQ(counts().unnumbered, 0);
}

TEST_F(OriginTest, R13_a_missing_number_parts_a_run_and_a_copy_does_not) {
  for (const char* number : {"1", "2", "2", "4", "1"}) {
    put_numbered(number, "gw-1 1 " + std::string(number));
  }
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(text_of(numbers()), "gw-1/1:1-2 gw-1/1:4-4 gw-1/1:1-1 ");
  EXPECT_EQ(counts().duplicate, 2);
}

TEST_F(OriginTest, R13_a_void_bears_its_number_and_no_event) {
  put_numbered("a", "gw-1 1 1");
  stream.put(kZero, kVoid, "", "", "gw-1 1 2");
  put_numbered("b", "gw-1 1 3");
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(text_of(numbers()), "gw-1/1:1-3 ");
  EXPECT_EQ(counts().received, 2);
  EXPECT_EQ(next(0).value, 3);
}

TEST_F(OriginTest, an_event_without_a_number_is_counted_as_such) {
  put(0, "foreign");
  put_numbered("ours", "gw-1 1 1");
  auto c = consumer();
  settle(*c);
  EXPECT_EQ(counts().received, 2);
  EXPECT_EQ(counts().unnumbered, 1);
}

TEST_F(OriginTest, a_seal_is_taken_with_its_address_and_is_no_event) {
  Seal seal{"gw-1", Seal::Kind::sealed, 17, "spool", 1, {{1, {4, 0}}}};
  stream.put(kZero, kSeal, write_seal(seal));
  auto c = consumer();
  settle(*c);
  ASSERT_THAT(ledger.seals, SizeIs(1));
  EXPECT_EQ(ledger.seals[0].seal, seal);
  EXPECT_EQ(ledger.seals[0].offset.value, 0);
  EXPECT_EQ(counts().received, 0);
  EXPECT_THAT(numbers(), IsEmpty());
}

TEST_F(OriginTest, a_seal_that_cannot_be_read_is_kept_whole) {
  stream.put(kZero, kSeal, "{\"seal\":\"gw-1\"}");
  stream.put(kZero, kSeal,
             "{\"seal\":\"no id at all\",\"kind\":\"end\",\"accepted_when\":\"\","
             "\"epoch\":1,\"numbers\":[]}");
  auto c = consumer();
  settle(*c);
  EXPECT_THAT(ledger.seals, IsEmpty());
  ASSERT_THAT(ledger.quarantined, SizeIs(2));
  EXPECT_EQ(ledger.quarantined[0].reason, "malformed");
  EXPECT_EQ(ledger.quarantined[0].field, "seal");
  EXPECT_TRUE(ledger.quarantined[0].whole);
  expect_identity_holds(*c);
}

TEST_F(OriginTest, a_record_whose_origin_cannot_be_read_is_kept_whole) {
  put_numbered("a", "gw-1 1");
  put_numbered("b", "gw-1 1 1", "x");
  auto c = consumer();
  settle(*c);
  ASSERT_THAT(ledger.quarantined, SizeIs(2));
  EXPECT_EQ(ledger.quarantined[0].field, "weir-origin");
  EXPECT_EQ(times_applied("a") + times_applied("b"), 0);
  EXPECT_THAT(numbers(), IsEmpty());
  expect_identity_holds(*c);
}

TEST_F(OriginTest, R7_a_redriven_record_of_two_events_is_kept_whole) {
  const std::string home = subscription_of(0);
  stream.put(kZero, "", "[" + event("a", home) + "," + event("b", home) + "]", home, "", "7");
  auto c = consumer();
  settle(*c);
  ASSERT_THAT(ledger.quarantined, SizeIs(1));
  EXPECT_EQ(ledger.quarantined[0].field, "weir-redrive");
  EXPECT_EQ(times_applied("a") + times_applied("b"), 0);
  expect_identity_holds(*c);
}

// The dropped event had entered the index: had it stayed there, the same event by another way would be
// its duplicate, and count never.
TEST_F(OriginTest, R7_a_dropped_event_leaves_the_index_and_its_next_copy_counts) {
  put_numbered("a", "", "7");
  auto c = consumer();
  settle(*c);
  put_numbered("b", "", "7");
  settle(*c);
  EXPECT_EQ(times_applied("b"), 0);
  ASSERT_THAT(ledger.quarantined, SizeIs(1));
  EXPECT_EQ(ledger.quarantined[0].reason, "redrive_decided");
  put(0, "b");
  put(0, "a");
  settle(*c);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(times_applied("b"), 1);
  EXPECT_TRUE(c->loop->not_ready().empty());
}

TEST_F(OriginTest, R4_an_index_that_is_read_anew_passes_over_seals_and_voids) {
  stream.put(kZero, kSeal, write_seal({"gw-1", Seal::Kind::registration, 0, "spool", 1, {}}));
  put_numbered("a", "gw-1 1 1");
  stream.put(kZero, kVoid, "{", "", "gw-1 1 2");
  auto c = consumer();
  settle(*c);
  c.reset();
  auto other = consumer("another volume");
  put(0, "a");
  settle(*other);
  EXPECT_EQ(times_applied("a"), 1);
  EXPECT_EQ(counts().duplicate, 1);
  EXPECT_EQ(next(0).value, 4);
}

TEST_F(OriginTest, numbers_and_seals_fill_a_batch_too) {
  options.commit_bytes_max = 4096;
  options.commit_interval = std::chrono::hours(1);
  const Seal seal{"gw-1", Seal::Kind::sealed, 17, "spool", 1, {{1, {4, 0}}}};
  for (int i = 0; i < 40; ++i) stream.put(kZero, kSeal, write_seal(seal));
  for (int i = 1; i <= 200; ++i) {
    stream.put(kZero, kVoid, "", "", "gw-" + std::to_string(i) + " 1 1");
  }
  auto c = consumer();
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(c->loop->step(Micros{0}));
  EXPECT_GT(ledger.commits, 4);
  EXPECT_THAT(ledger.seals, SizeIs(40));
}

}  // namespace
}  // namespace weir
