// R4 and R1: an event is a duplicate when its identity is known at a smaller address.
#include "ingest/identity/identity_index.h"

#include "ingest/identity/index_fixture.h"

namespace weir {
namespace {

constexpr std::int64_t kStart = 1000 * kHour;

using R4 = IndexTest;

TEST_F(R4, first_occurrence_is_fresh_and_each_copy_a_duplicate) {
  EXPECT_EQ(consumer_.see(kStart, {1}), Verdict::fresh);
  EXPECT_EQ(consumer_.see(kStart + 1, {2}), Verdict::fresh);
  EXPECT_EQ(consumer_.see(kStart + 2, {1}), Verdict::duplicate);
  EXPECT_EQ(consumer_.see(kStart + 3, {1}), Verdict::duplicate);
}

TEST_F(R4, copy_within_one_record_is_a_duplicate) {
  consumer_.append(kStart, {{1}, {2}, {1}, {2}, {3}});
  EXPECT_EQ(consumer_.ask_next(), (std::vector{Verdict::fresh, Verdict::fresh, Verdict::duplicate,
                                               Verdict::duplicate, Verdict::fresh}));
}

TEST_F(R4, asking_the_same_rows_twice_gives_the_same_answer) {
  consumer_.append(kStart, {{1}, {2}, {1}});
  consumer_.append(kStart, {{2}, {3}});
  std::vector<Verdict> first = consumer_.ask_next();
  std::vector<Verdict> second = consumer_.ask_next();
  EXPECT_EQ(consumer_.ask(0), first);
  EXPECT_EQ(consumer_.ask(1), second);
}

TEST_F(R4, asking_again_what_has_been_sealed_gives_the_same_answer) {
  consumer_.append(kStart, {{1}, {2}, {1}});
  std::vector<Verdict> first = consumer_.ask_next();
  ASSERT_TRUE(consumer_.commit_and_seal());
  EXPECT_EQ(consumer_.ask(0), first);
  EXPECT_EQ(consumer_.see(kStart, {3}), Verdict::fresh);
  ASSERT_TRUE(consumer_.commit_and_seal());
  EXPECT_EQ(consumer_.rows.back().identities, 1) << "what was sealed is not entered again";
}

TEST_F(R4, quarantined_row_never_enters) {
  // The caller does not pass it; the row numbers of its neighbours stay those of the record.
  std::vector<Identity> identity = {id_of(1), id_of(3)};
  std::vector<EventTime> time(2, EventTime(kStart));
  std::vector<std::uint32_t> row = {0, 2};
  std::vector<Verdict> out(2);
  ASSERT_TRUE(consumer_.index->classify(0, AppendTime(kStart), identity, time, row, out));
  consumer_.stream.push_back({kStart, {{1}, {2}, {3}}});
  consumer_.position = 1;
  EXPECT_EQ(consumer_.see(kStart, {2}), Verdict::fresh);
  EXPECT_EQ(consumer_.see(kStart, {3}), Verdict::duplicate);
}

TEST_F(R4, smallest_address_wins_whatever_the_order_of_asking) {
  consumer_.append(kStart, {{1}});
  consumer_.append(kStart, {{1}});
  EXPECT_EQ(consumer_.ask(1).front(), Verdict::fresh);
  EXPECT_EQ(consumer_.ask(0).front(), Verdict::fresh);
  EXPECT_EQ(consumer_.ask(1).front(), Verdict::duplicate);
}

TEST_F(R4, copy_of_a_sealed_identity_is_a_duplicate_before_and_after_naming) {
  EXPECT_EQ(consumer_.see(kStart, {1}), Verdict::fresh);
  consumer_.commit();
  auto sealed = consumer_.seal();
  ASSERT_TRUE(sealed);
  EXPECT_EQ(consumer_.see(kStart + 1, {1}), Verdict::duplicate);
  consumer_.name(*sealed);
  EXPECT_EQ(consumer_.see(kStart + 2, {1}), Verdict::duplicate);
}

TEST_F(R4, many_identities_through_growth_and_seals_are_each_counted_once) {
  constexpr std::uint64_t kIds = 20'000;
  std::vector<TestEvent> events;
  for (std::uint64_t i = 0; i < kIds; ++i) events.push_back({i});
  for (int round = 0; round < 3; ++round) {
    consumer_.append(kStart + round, events);
    std::vector<Verdict> out = consumer_.ask_next();
    Verdict all = round == 0 ? Verdict::fresh : Verdict::duplicate;
    EXPECT_EQ(std::count(out.begin(), out.end(), all), static_cast<std::int64_t>(kIds));
    consumer_.commit_and_seal();
  }
}

using R1 = IndexTest;

TEST_F(R1, addresses_of_older_incarnations_are_smaller) {
  // Topic made anew; X, applied at 900, is retried and lands at 50.
  for (int i = 0; i < 900; ++i) consumer_.append(kStart, {{1000u + static_cast<unsigned>(i)}});
  EXPECT_EQ(consumer_.see(kStart, {7}), Verdict::fresh);
  consumer_.commit_and_seal();

  consumer_.incarnation = 2;
  consumer_.stream.clear();
  consumer_.next = 0;
  consumer_.start();
  EXPECT_EQ(consumer_.see(kStart + kMinute, {7}), Verdict::duplicate);
}

TEST_F(R1, what_an_older_incarnation_may_have_held_is_unprovable_in_the_next) {
  EXPECT_EQ(consumer_.see(kStart, {7}), Verdict::fresh);
  consumer_.commit_and_seal();
  consumer_.incarnation = 2;
  consumer_.stream.clear();
  consumer_.next = 0;
  consumer_.start();
  std::int64_t begin = kStart + kHour;
  EXPECT_EQ(consumer_.see(begin, {8, begin - kHour}), Verdict::unprovable);
  std::int64_t proven = begin + 10 * kMinute + 1;  // first append + skew, and skew once more
  EXPECT_EQ(consumer_.see(proven, {9, proven}), Verdict::fresh);
}

}  // namespace
}  // namespace weir
