// Producers' numbers, seals and ends (R13, R14) on a real PostgreSQL.
#include "quota/operator/postgres_operator_store.h"
#include "quota/operator/resolve.h"
#include "tests/contract/quota/ingest_fixture.h"

#include <future>

namespace weir {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kBucket = QuotaDatabase::kBucketUs;
constexpr std::int64_t kGrace = 600 * kSecond;
using Numbers = std::vector<EpochNumbers>;

class ProducersTest : public IngestTest {
 protected:
  /// The next commit of partition 0: these numbers, these seals.
  CommitBatch next_batch(std::vector<NumberRun> numbers, std::vector<Seal> seals = {},
                         std::int64_t append_us = 100 * kBucket) {
    CommitBatch batch = batch_of(next_, next_ + 1, {});
    ++next_;
    for (NumberRun& run : numbers) run.first = run.last = batch.ranges[0].from;
    batch.ranges[0].numbers = std::move(numbers);
    for (Seal& seal : seals) {
      batch.seals.push_back({PartitionId{0}, batch.ranges[0].from, AppendTime{append_us}, seal});
    }
    return batch;
  }
  void take(std::vector<NumberRun> numbers, std::vector<Seal> seals = {},
            std::int64_t append_us = 100 * kBucket) {
    ASSERT_EQ(*commit(next_batch(std::move(numbers), std::move(seals), append_us)),
              Committed::done);
  }
  /// The next `offsets` are gone when they are to be read.
  void lose(std::int64_t offsets) {
    CommitBatch batch = batch_of(next_, next_ + offsets, {});
    batch.gaps = {{PartitionId{0}, Offset{next_}, Offset{next_ + offsets}, "retention"}};
    next_ += offsets;
    ASSERT_EQ(*commit(batch), Committed::done);
  }
  static Seal sealed(std::int64_t until_us, Numbers numbers) {
    const std::int64_t epoch = numbers.back().epoch;
    return {"gw-1", Seal::Kind::sealed, until_us, "spool", epoch, std::move(numbers)};
  }
  static Seal end(Numbers numbers) {
    const std::int64_t epoch = numbers.back().epoch;
    return {"gw-1", Seal::Kind::end, 0, "spool", epoch, std::move(numbers)};
  }
  static Seal registration(std::int64_t epoch) {
    return {"gw-1", Seal::Kind::registration, 0, "spool", epoch, {}};
  }
  std::string contiguous(std::int64_t epoch) const {
    return database_.ask(
        "SELECT contiguous FROM quota.v2_numbers WHERE partition = 0 AND epoch = " +
        std::to_string(epoch));
  }
  std::string open_holes() const {
    return database_.ask(
        "SELECT coalesce(string_agg(from_number || '-' || to_number, ' ' ORDER BY from_number), "
        "'') "
        "FROM quota.hole WHERE closed_at_us IS NULL AND accepted_at_us IS NULL");
  }
  std::string flags() const {
    return database_.ask("SELECT count(*) FROM quota.v2_blockers WHERE kind = 'after_end'");
  }
  std::string ended() const {
    return database_.ask("SELECT coalesce(ended_by, '') FROM quota.v2_producers");
  }
  std::int64_t next_ = 0;
};

// Epoch 1 sends 1 to 500, sealed up to 480, and crashes; the broker loses 481 to 500; epoch 2 seals its
// own 3: the loss must show, whichever later seal a close goes by.
TEST_F(ProducersTest, R13_what_an_epoch_lost_at_its_end_shows_in_every_later_seal) {
  const std::int64_t w = kBucket + kGrace;
  take({{"gw-1", 1, 1, 480}}, {sealed(w, {{1, {480, 0}}})}, w);
  EXPECT_EQ(contiguous(1), "480");
  take({{"gw-1", 2, 1, 3}}, {sealed(w + 1, {{1, {500, 0}}, {2, {3, 0}}})}, w + 1);
  take({{"gw-1", 2, 4, 5}}, {sealed(w + kBucket, {{2, {5, 0}}})}, w + kBucket);
  EXPECT_EQ(contiguous(1), "480");
  EXPECT_EQ(open_holes(), "481-500");
  EXPECT_EQ(contiguous(2), "5");
  EXPECT_EQ(database_.ask("SELECT numbers FROM quota.v2_seals WHERE edge_us = " +
                          std::to_string(2 * kBucket)),
            R"([{"epoch":1,"last":[500,0]},{"epoch":2,"last":[5,0]}])");
}

TEST_F(ProducersTest, R13_a_number_that_is_skipped_is_a_hole_until_it_comes) {
  take({{"gw-1", 1, 1, 4}, {"gw-1", 1, 10, 12}});
  EXPECT_EQ(open_holes(), "5-9");
  EXPECT_EQ(contiguous(1), "4");
  database_.tell("UPDATE quota.hole SET opened_at_us = 77");
  take({{"gw-1", 1, 7, 7}});
  EXPECT_EQ(open_holes(), "5-6 8-9");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.hole WHERE opened_at_us = 77"), "2");
  take({{"gw-1", 1, 5, 6}, {"gw-1", 1, 9, 9}});
  EXPECT_EQ(open_holes(), "8-8");
  EXPECT_EQ(contiguous(1), "7");
  take({{"gw-1", 1, 1, 12}});
  EXPECT_EQ(open_holes(), "");
  EXPECT_EQ(contiguous(1), "12");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.hole WHERE closed_at_us IS NULL"), "0");
}

// On Monday records are lost to retention, none of gw-1's; on Wednesday the broker loses gw-1's 481 to
// 500; on Friday Monday's gap is accepted.
TEST_F(ProducersTest, R7_accepting_a_gap_accepts_no_hole_that_was_lost_behind_it) {
  take({{"gw-1", 1, 1, 470}});
  take({{"gw-2", 1, 1, 5}});
  lose(10);
  take({{"gw-1", 1, 471, 480}});
  take({{"gw-2", 1, 8, 9}});
  take({{"gw-1", 1, 501, 501}});
  EXPECT_EQ(open_holes(), "6-7 481-500");
  PostgresOperatorStore operators(pool_);
  const std::int64_t gap[] = {std::stoll(database_.ask("SELECT id FROM quota.gap"))};
  ASSERT_TRUE(accept_gaps(operators, {"ada", "retention"}, gap, soon()).ok());
  EXPECT_EQ(open_holes(), "481-500");
}

// The holes that a batch opens are all inside the gap that stands at its head, and pieces stay so.
TEST_F(ProducersTest, R7_what_is_left_of_a_hole_in_a_gap_is_accepted_with_it) {
  take({{"gw-1", 1, 1, 4}});
  lose(10);
  take({{"gw-1", 1, 20, 20}, {"gw-2", 1, 3, 3}});
  take({{"gw-1", 1, 7, 7}});
  take({{"gw-1", 1, 12, 13}});
  EXPECT_EQ(open_holes(), "1-2 5-6 8-11 14-19");
  PostgresOperatorStore operators(pool_);
  const std::int64_t gap[] = {std::stoll(database_.ask("SELECT id FROM quota.gap"))};
  const auto done = accept_gaps(operators, {"ada", "retention"}, gap, soon());
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(open_holes(), "");
}

// The last numbers of a producer are lost, and no later one shows it: its seal does, in the partition
// in which they are missing, and an operator has a hole to accept.
TEST_F(ProducersTest, R13_last_numbers_that_are_lost_are_a_hole_once_their_seal_is_read) {
  const std::int64_t w = kBucket + kGrace;
  take({{"gw-1", 1, 1, 4}}, {sealed(w, {{1, {4, 9}}})}, w);
  EXPECT_EQ(open_holes(), "");
  take({}, {sealed(w + 1, {{1, {7, 9}}}), end({{1, {7, 9}}})}, w + 1);
  EXPECT_EQ(open_holes(), "5-7");
  EXPECT_EQ(contiguous(1), "4");
  take({{"gw-1", 1, 6, 6}});  // sent again after all
  EXPECT_EQ(open_holes(), "5-5 7-7");
  take({{"gw-1", 1, 5, 7}});
  EXPECT_EQ(open_holes(), "");
  EXPECT_EQ(contiguous(1), "7");
}

TEST_F(ProducersTest, R13_of_an_epoch_that_lost_all_its_numbers_the_hole_can_be_accepted) {
  take({{"gw-1", 2, 1, 3}}, {sealed(kBucket + kGrace, {{1, {2, 0}}, {2, {3, 0}}})});
  EXPECT_EQ(open_holes(), "1-2");
  EXPECT_EQ(contiguous(1), "0");
  database_.tell("UPDATE quota.hole SET accepted_at_us = 1, accepted_by = 'ada'");
  EXPECT_EQ(contiguous(1), "2");
}

// Epoch 1 ended in a topic of two partitions. The seal that told so reached this partition's log when
// its numbers were kept from another copy; a later one, which repeats nothing, shows the loss too.
TEST_F(ProducersTest, R13_a_seal_speaks_of_every_epoch_that_is_over) {
  take({{"gw-1", 2, 1, 3}});
  database_.tell(
      "INSERT INTO quota.producer (producer, epoch, accepted_when, registered_at_us, "
      "final_numbers) VALUES ('gw-1', 2, 'spool', 1, '[{\"epoch\":1,\"last\":[2,4]}]')");
  take({}, {registration(2)});
  EXPECT_EQ(open_holes(), "");
  take({}, {sealed(kBucket + kGrace, {{2, {3}}})});
  EXPECT_EQ(database_.ask("SELECT string_agg(epoch || ' ' || partition || ':' || from_number || "
                          "'-' || to_number, ', ' ORDER BY partition) FROM quota.hole"),
            "1 0:1-2, 1 1:1-4");
}

TEST_F(ProducersTest, R13_numbers_are_counted_for_each_producer_epoch_and_partition_alone) {
  CommitBatch batch = next_batch({{"gw-1", 1, 1, 3}, {"gw-2", 1, 1, 1}, {"gw-1", 2, 1, 2}});
  Range second = batch.ranges[0];
  second.partition = PartitionId{1};
  second.numbers = {{"gw-1", 1, 2, 2}};
  batch.ranges.push_back(second);
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(
      database_.ask("SELECT string_agg(producer || ' ' || epoch || ' ' || partition || ':' || "
                    "contiguous, ', ' ORDER BY producer, epoch, partition) "
                    "FROM quota.v2_numbers"),
      "gw-1 1 0:3, gw-1 1 1:0, gw-1 2 0:2, gw-2 1 0:1");
}

TEST_F(ProducersTest, R13_a_hole_that_was_accepted_stays_accepted_when_its_number_comes_after_all) {
  take({{"gw-1", 1, 1, 1}, {"gw-1", 1, 5, 5}});
  database_.tell("UPDATE quota.hole SET accepted_at_us = 1, accepted_by = 'ada'");
  EXPECT_EQ(contiguous(1), "5");
  take({{"gw-1", 1, 3, 3}, {"gw-1", 1, 6, 6}});
  EXPECT_EQ(contiguous(1), "6");
  EXPECT_EQ(database_.ask("SELECT from_number || '-' || to_number FROM quota.hole"), "2-4");
}

TEST_F(ProducersTest, R13_the_first_seal_of_an_edge_is_not_replaced) {
  const std::int64_t w = kBucket + kGrace;
  take({}, {sealed(w, {{1, {3, 0}}})}, w);
  take({}, {sealed(w + kSecond, {{1, {9, 0}}})}, w + kSecond);
  EXPECT_EQ(database_.ask("SELECT until_us || ' ' || numbers FROM quota.v2_seals"),
            std::to_string(w) + R"( [{"epoch":1,"last":[3,0]}])");
  EXPECT_EQ(database_.ask("SELECT sealed_until_us FROM quota.v2_producers"),
            std::to_string(w + kSecond));
}

TEST_F(ProducersTest, R13_seals_are_kept_until_their_edge_is_closed) {
  const std::int64_t w = kBucket + kGrace;
  take({}, {sealed(w, {{1, {3, 0}}}), sealed(w + kBucket, {{1, {4, 0}}})}, w + kBucket);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v2_seals"), "2");
  database_.tell("SELECT quota.v1_advance_closed_until(" + std::to_string(kBucket) + ")");
  take({}, {sealed(w + 2 * kBucket, {{1, {5, 0}}}), sealed(w, {{1, {3, 0}}})}, w + 2 * kBucket);
  EXPECT_EQ(database_.ask("SELECT string_agg((edge_us / 900000000)::text, ' ' ORDER BY edge_us) "
                          "FROM quota.v2_seals"),
            "2 3");
}

TEST_F(ProducersTest, R13_a_seal_from_the_future_does_not_count) {
  const std::int64_t skew = 300 * kSecond, now = 10 * kBucket;
  take({}, {sealed(now + skew + 1, {{1, {3, 0}}})}, now);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v2_seals"), "0");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v2_producers WHERE sealed_until_us IS NULL"),
            "1");
  EXPECT_EQ(metrics_.counter("weir_quota_seals_ahead_total", "").value(), 1);
  take({}, {sealed(now + skew, {{1, {3, 0}}})}, now);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.v2_seals"), "1");
}

TEST_F(ProducersTest, R13_every_partitions_copy_of_a_registration_is_the_one_registration) {
  take({}, {registration(1), registration(1)}, 50);
  take({}, {registration(1)}, 40);
  EXPECT_EQ(database_.ask("SELECT count(*) || ' ' || max(registered_at_us) || max(accepted_when) "
                          "FROM quota.v2_producers"),
            "1 40spool");
}

TEST_F(ProducersTest, R14_copies_at_or_below_an_end_change_nothing) {
  take({{"gw-1", 1, 1, 10}}, {registration(1)});
  take({}, {end({{1, {10, 0}}})});
  EXPECT_EQ(ended(), "seal");
  take({{"gw-1", 1, 3, 10}},
       {registration(1), sealed(kBucket, {{1, {7, 0}}}), end({{1, {10, 0}}})});
  EXPECT_EQ(ended(), "seal");
  EXPECT_EQ(flags(), "0");
}

TEST_F(ProducersTest, R14_numbers_up_to_the_end_may_still_come) {
  take({}, {end({{1, {10, 0}}})});
  take({{"gw-1", 1, 1, 10}});
  EXPECT_EQ(ended(), "seal");
  EXPECT_EQ(flags(), "0");
}

TEST_F(ProducersTest, R14_a_number_above_the_end_is_a_flag_and_registers_the_producer_again) {
  take({{"gw-1", 1, 1, 10}}, {end({{1, {10, 0}}})});
  take({{"gw-1", 1, 11, 11}});
  EXPECT_EQ(ended(), "");
  EXPECT_EQ(flags(), "1");
  take({{"gw-1", 1, 12, 12}});
  EXPECT_EQ(flags(), "1");
}

TEST_F(ProducersTest, R14_a_new_epoch_after_the_end_is_a_flag_and_registers_the_producer_again) {
  take({{"gw-1", 1, 1, 10}}, {end({{1, {10, 0}}})});
  take({}, {registration(2)});
  EXPECT_EQ(ended(), "");
  EXPECT_EQ(flags(), "1");
  // A late copy of the end of epoch 1 ends nothing.
  take({}, {end({{1, {10, 0}}})});
  EXPECT_EQ(ended(), "");
}

TEST_F(ProducersTest, R14_an_end_below_what_is_applied_ends_nothing_and_is_a_flag) {
  take({{"gw-1", 1, 1, 11}});
  take({}, {end({{1, {10, 0}}})});
  EXPECT_EQ(ended(), "");
  EXPECT_EQ(flags(), "1");
}

TEST_F(ProducersTest, R14_an_end_names_the_epochs_that_earlier_seals_named) {
  take({{"gw-1", 1, 1, 4}, {"gw-1", 2, 1, 2}}, {sealed(kBucket, {{1, {4, 0}}, {2, {1, 0}}})});
  take({}, {end({{2, {2, 0}}})});
  EXPECT_EQ(ended(), "seal");
  EXPECT_EQ(database_.ask("SELECT end_numbers FROM quota.v2_producers"),
            R"([{"epoch":1,"last":[4,0]},{"epoch":2,"last":[2,0]}])");
  take({{"gw-1", 1, 2, 4}});
  EXPECT_EQ(flags(), "0");
}

// A number above the end is applied in one partition while the end is read in another: the later of the
// two transactions must see the other.
TEST_F(ProducersTest, R14_an_end_waits_for_numbers_that_are_being_applied) {
  take({{"gw-1", 1, 1, 10}}, {registration(1)});
  Stages other_stages;
  StagedStore other_store(real_, other_stages);
  QuotaHandler other(other_store, deployment_, metrics_);
  CommitBatch ending = batch_of(0, 1, {});
  ending.ranges[0].partition = PartitionId{1};
  ending.seals = {{PartitionId{1}, Offset{0}, AppendTime{1}, end({{1, {10, 0}}})}};
  std::future<Result<Committed>> rival;
  stages_.before_commit = [&] {
    rival = std::async(std::launch::async, [&] { return other.commit(ending, soon()); });
    EXPECT_TRUE(database_.eventually(
        "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"));
  };
  take({{"gw-1", 1, 11, 11}});
  ASSERT_EQ(*rival.get(), Committed::done);
  EXPECT_EQ(ended(), "");
  EXPECT_EQ(flags(), "1");
}

TEST_F(ProducersTest, numbers_and_seals_of_a_batch_that_conflicts_leave_no_trace) {
  CommitBatch stale = next_batch({{"gw-1", 1, 1, 3}}, {registration(1)});
  stale.ranges[0].from = Offset{7};
  stale.ranges[0].to = Offset{8};
  EXPECT_EQ(*commit(stale), Committed::conflict);
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.producer_number"), "0");
  EXPECT_EQ(database_.ask("SELECT count(*) FROM quota.producer"), "0");
}

TEST_F(ProducersTest, R1_anchors_are_kept_one_a_minute_within_the_horizon) {
  const std::int64_t day = 86'400 * kSecond;
  for (const std::int64_t append_us : {day, day + 59 * kSecond, day + 60 * kSecond}) {
    CommitBatch batch = next_batch({});
    batch.ranges[0].anchor = Anchor{batch.ranges[0].from, "d", AppendTime{append_us}};
    ASSERT_EQ(*commit(batch), Committed::done);
  }
  EXPECT_EQ(database_.ask("SELECT string_agg(record_offset::text, ' ' ORDER BY 1) "
                          "FROM quota.anchor"),
            "0 2");
  CommitBatch later = next_batch({});
  later.ranges[0].anchor = Anchor{later.ranges[0].from, "d", AppendTime{2 * day + 30 * kSecond}};
  ASSERT_EQ(*commit(later), Committed::done);
  EXPECT_EQ(database_.ask("SELECT string_agg(record_offset::text, ' ' ORDER BY 1) "
                          "FROM quota.anchor"),
            "2 3");
}

TEST_F(ProducersTest, events_without_a_number_are_counted) {
  CommitBatch batch = batch_of(0, 1, {{.id = "a"}, {.id = "b"}});
  batch.ranges[0].counts.unnumbered = 1;
  ASSERT_EQ(*commit(batch), Committed::done);
  EXPECT_EQ(database_.ask("SELECT unnumbered || ' ' || received FROM quota.v2_progress "
                          "WHERE partition = 0"),
            "1 2");
}

}  // namespace
}  // namespace weir
