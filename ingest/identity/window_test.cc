// R6: which generations are asked, what is unprovable, and what the horizon is.
#include "ingest/identity/index_fixture.h"

namespace weir {
namespace {

constexpr std::int64_t kStart = 1000 * kHour;
constexpr std::int64_t kSkew = 5 * kMinute;

class R6 : public IndexTest {
 protected:
  /// One event, in a file of its own.
  void seal_one(std::int64_t append_time, std::uint64_t id) {
    consumer_.see(append_time, {id});
    ASSERT_TRUE(consumer_.commit_and_seal());
  }
};

TEST_F(R6, copy_with_the_same_time_is_recognised_throughout_the_horizon) {
  for (std::int64_t hour = 0; hour < 24; ++hour) {
    seal_one(kStart + hour * kHour, static_cast<std::uint64_t>(hour));
  }
  std::int64_t now = kStart + 24 * kHour - 1;
  EXPECT_TRUE(consumer_.expire().empty());
  for (std::int64_t hour = 0; hour < 24; ++hour) {
    EXPECT_EQ(consumer_.see(now, {static_cast<std::uint64_t>(hour), kStart + hour * kHour}),
              Verdict::duplicate)
        << hour;
  }
}

TEST_F(R6, producer_ahead_by_the_permitted_future_is_recognised) {
  // The event says 5 minutes later than its append time: its copy asks back to event time - skew.
  consumer_.see(kStart, {1, kStart + kSkew});
  consumer_.commit_and_seal();
  EXPECT_EQ(consumer_.see(kStart + 3 * kHour, {1, kStart + kSkew}), Verdict::duplicate);
}

TEST_F(R6, restamped_copy_is_recognised_within_the_window_and_not_claimed_beyond) {
  seal_one(kStart, 1);
  seal_one(kStart, 2);
  EXPECT_EQ(consumer_.see(kStart + kHour, {1, kStart + kHour}), Verdict::duplicate);
  std::int64_t beyond = kStart + kHour + 1;
  EXPECT_EQ(consumer_.see(beyond, {2, beyond}), Verdict::fresh);
}

TEST_F(R6, window_is_measured_from_the_asking_records_append_time_and_from_no_clock) {
  seal_one(kStart, 1);
  consumer_.see(kStart + 20 * kHour, {50});  // the stream has gone on
  EXPECT_EQ(consumer_.see(kStart + kMinute, {1, kStart + kMinute}), Verdict::duplicate);
}

TEST_F(R6, generation_is_asked_by_its_greatest_append_time) {
  consumer_.see(kStart, {1});
  consumer_.see(kStart + 2 * kHour, {2});
  consumer_.commit_and_seal();
  std::int64_t now = kStart + 3 * kHour;  // 1 is three hours old, its generation one
  EXPECT_EQ(consumer_.see(now, {1, now}), Verdict::duplicate);
}

TEST_F(R6, nothing_is_unprovable_when_the_index_was_read_from_the_first_record_on) {
  EXPECT_EQ(consumer_.see(kStart, {1, 0}), Verdict::fresh);
  EXPECT_EQ(consumer_.see(kStart, {2, INT64_MIN}), Verdict::fresh);
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(0));
  consumer_.commit_and_seal();
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.see(kStart, {3, 0}), Verdict::fresh) << "nor after a restart";
}

TEST_F(R6, first_record_ever_may_have_any_offset) {
  consumer_.log_start = 0;
  consumer_.index->begin_at(17, true);
  EXPECT_EQ(consumer_.index->covered().from, 0);
  EXPECT_EQ(consumer_.index->covered().to, 17);
}

TEST_F(R6, reading_that_begins_in_the_middle_takes_the_first_append_time_plus_skew) {
  TestFolder folder;
  TestConsumer late(folder.path());
  late.append(kStart - kHour, {{1}});  // dropped by the stream
  late.log_start = late.next = 1;
  late.start();
  // C = kStart + skew; unprovable when event time - skew <= C.
  EXPECT_EQ(late.see(kStart, {2, kStart}), Verdict::unprovable);
  EXPECT_EQ(late.see(kStart + kHour, {3, kStart + 2 * kSkew}), Verdict::unprovable);
  EXPECT_EQ(late.see(kStart + kHour, {4, kStart + 2 * kSkew + 1}), Verdict::fresh);
  EXPECT_EQ(late.index->horizon_from(), AppendTime(kStart + kSkew + 1));
}

TEST_F(R6, beginning_in_the_middle_is_remembered_over_a_restart) {
  TestFolder folder;
  TestConsumer late(folder.path());
  late.append(kStart - kHour, {{1}});
  late.log_start = late.next = 1;
  late.start();
  late.see(kStart, {2, kStart});
  late.see(kStart - kMinute, {3, kStart + kHour});  // an append time that goes back moves nothing
  late.commit_and_seal();
  late.crash_and_start();
  EXPECT_EQ(late.index->horizon_from(), AppendTime(kStart + kSkew + 1));
}

TEST_F(R6, unprovable_event_enters_and_each_later_copy_is_its_duplicate) {
  TestFolder folder;
  TestConsumer late(folder.path());
  late.append(kStart, {{1}});
  late.log_start = late.next = 1;
  late.start();
  EXPECT_EQ(late.see(kStart, {7, kStart - kHour}), Verdict::unprovable);
  EXPECT_EQ(late.see(kStart, {7, kStart - kHour}), Verdict::duplicate);
  late.commit_and_seal();
  late.crash_and_start();
  EXPECT_EQ(late.see(kStart, {7, kStart - kHour}), Verdict::duplicate);
}

TEST_F(R6, generation_falls_out_when_all_of_it_is_older_than_the_horizon) {
  seal_one(kStart, 1);
  seal_one(kStart + kHour, 2);
  consumer_.see(kStart + 24 * kHour, {3});
  EXPECT_TRUE(consumer_.index->expirable().empty());
  consumer_.see(kStart + 24 * kHour + 1, {4});
  ASSERT_EQ(consumer_.index->expirable().size(), 1u);
  EXPECT_EQ(consumer_.index->expirable()[0].from_offset, 0);
  EXPECT_EQ(consumer_.see(kStart + 24 * kHour, {1, kStart}), Verdict::duplicate)
      << "asked until it is forgotten";
  consumer_.expire();
  EXPECT_EQ(folder_.names().size(), 1u);
}

TEST_F(R6, after_expiry_c_is_the_greatest_append_time_that_expired) {
  seal_one(kStart, 1);
  seal_one(kStart + kHour, 2);
  consumer_.see(kStart + 24 * kHour + 1, {3});
  consumer_.expire();
  EXPECT_EQ(consumer_.index->covered().from, 1);
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + 1));
  std::int64_t now = kStart + 25 * kHour;
  EXPECT_EQ(consumer_.see(now, {4, kStart + kSkew}), Verdict::unprovable);
  EXPECT_EQ(consumer_.see(now, {5, kStart + kSkew + 1}), Verdict::fresh);
}

TEST_F(R6, c_survives_restarts) {
  seal_one(kStart, 1);
  seal_one(kStart + kHour, 2);
  consumer_.see(kStart + 24 * kHour + 1, {3});
  consumer_.commit();
  consumer_.expire();
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + 1));
  consumer_.commit_and_seal();
  consumer_.see(kStart + 48 * kHour, {4});
  consumer_.expire();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + kHour + 1));
  consumer_.commit();
  consumer_.crash_and_start();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + kHour + 1));
}

TEST_F(R6, c_counts_records_without_rows) {
  consumer_.see(kStart, {1});
  consumer_.append(kStart + kMinute, {});  // all quarantined, or a barrier
  consumer_.ask_next();
  consumer_.commit_and_seal();
  consumer_.see(kStart + 26 * kHour, {2});
  consumer_.expire();
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + kMinute + 1));
}

TEST_F(R6, generations_expire_from_the_lowest_address_on) {
  // A broker clock that went back: the lower generation bears the greater append time.
  seal_one(kStart + 10 * kHour, 1);
  seal_one(kStart, 2);
  consumer_.see(kStart + 30 * kHour, {3});
  EXPECT_TRUE(consumer_.index->expirable().empty()) << "a hole would not be covered";
}

TEST_F(R6, too_many_bytes_shorten_the_horizon_and_keep_the_newest) {
  consumer_.options.sealed_bytes_max = 1;
  consumer_.start();
  seal_one(kStart, 1);
  seal_one(kStart + kMinute, 2);
  seal_one(kStart + 2 * kMinute, 3);
  EXPECT_EQ(consumer_.expire().size(), 2u);
  EXPECT_EQ(consumer_.index->horizon_from(), AppendTime(kStart + kMinute + 1));
  EXPECT_EQ(consumer_.index->covered().from, 2);
  EXPECT_EQ(consumer_.index->covered().to, 3);
}

TEST_F(R6, seal_is_due_by_age_in_append_time_or_by_bytes) {
  consumer_.options.open_age_max = Micros(15 * kMinute);
  consumer_.options.open_bytes_max = 32 << 10;
  consumer_.start();
  consumer_.see(kStart, {1});
  consumer_.commit();
  EXPECT_FALSE(consumer_.seal(false));
  consumer_.see(kStart + 15 * kMinute, {2});
  EXPECT_FALSE(consumer_.seal(false)) << "what is old enough is not committed yet";
  EXPECT_TRUE(consumer_.commit_and_seal(false));
  for (std::uint64_t i = 10; i < 1200; ++i) consumer_.see(kStart + 15 * kMinute, {i});
  EXPECT_TRUE(consumer_.commit_and_seal(false));
  EXPECT_LE(consumer_.index->open_bytes(), std::size_t{128} << 10);
}

}  // namespace
}  // namespace weir
