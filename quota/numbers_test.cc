#include "quota/numbers.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <set>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Incarnation kFirst{1};
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

/// What a database would hold of one triple, by write_numbers()'s words.
struct Stored {
  NumberState state{"p", 1, PartitionId{0}, 0, {}};

  void take(const std::vector<NumbersCame>& came) {
    NumberState asked = state;
    std::int64_t least = came.front().from;
    for (const NumbersCame& span : came) least = std::min(least, span.from);
    std::erase_if(asked.holes, [&](const NumberSpan& hole) { return hole.second < least; });
    const NumberChange change = apply_numbers(asked, kFirst, came);
    state.highest = change.highest;
    for (const HoleChange& hole : change.holes) {
      if (hole.before) std::erase(state.holes, *hole.before);
      state.holes.insert(state.holes.end(), hole.after.begin(), hole.after.end());
    }
    std::ranges::sort(state.holes);
  }
  std::set<std::int64_t> missing() const {
    std::set<std::int64_t> numbers;
    for (const auto& [from, to] : state.holes) {
      for (std::int64_t n = from; n <= to; ++n) numbers.insert(n);
    }
    return numbers;
  }
};

// Whatever the order, the batches and the copies: missing is what is below the highest and never came.
TEST(NumbersTest, R13_numbers_in_any_order_with_copies_leave_exactly_the_missing_ones_as_holes) {
  const bool held = rc::check([] {
    const auto range = rc::gen::inRange<std::int64_t>(1, 40);
    Stored stored;
    std::set<std::int64_t> came;
    const auto batches = *rc::gen::inRange<std::size_t>(1, 12);
    for (std::size_t i = 0; i < batches; ++i) {
      std::vector<NumbersCame> spans;
      const auto runs = *rc::gen::inRange<std::size_t>(1, 5);
      for (std::size_t run = 0; run < runs; ++run) {
        const std::int64_t from = *range;
        const std::int64_t to = from + *rc::gen::inRange<std::int64_t>(0, 4);
        spans.push_back({from, to});
        for (std::int64_t n = from; n <= to; ++n) came.insert(n);
      }
      stored.take(spans);
      RC_ASSERT(std::ranges::adjacent_find(stored.state.holes,
                                           [](const NumberSpan& a, const NumberSpan& b) {
                                             return a.second >= b.first;
                                           }) == stored.state.holes.end());
    }
    std::set<std::int64_t> missing;
    for (std::int64_t n = 1; n < *came.rbegin(); ++n) {
      if (!came.contains(n)) missing.insert(n);
    }
    RC_ASSERT(stored.state.highest == *came.rbegin());
    RC_ASSERT(stored.missing() == missing);
  });
  EXPECT_TRUE(held);
}

TEST(NumbersTest, a_hole_is_cut_in_pieces_that_lie_inside_it) {
  const NumberState state{"p", 1, PartitionId{0}, 20, {{5, 14}}};
  const NumbersCame came[] = {{8, 9}, {12, 12}};
  const NumberChange change = apply_numbers(state, kFirst, came);
  EXPECT_THAT(change.holes,
              ElementsAre(HoleChange{NumberSpan{5, 14}, {{5, 7}, {10, 11}, {13, 14}}}));
  EXPECT_EQ(change.highest, 20);
}

TEST(NumbersTest, a_hole_whose_last_missing_number_comes_is_closed) {
  const NumberState state{"p", 1, PartitionId{0}, 20, {{5, 5}}};
  const NumbersCame came[] = {{3, 7}};
  EXPECT_THAT(apply_numbers(state, kFirst, came).holes,
              ElementsAre(HoleChange{NumberSpan{5, 5}, {}}));
}

TEST(NumbersTest, R13_copies_at_or_below_the_highest_change_nothing) {
  const NumberState state{"p", 1, PartitionId{0}, 20, {{5, 5}}};
  const NumbersCame came[] = {{1, 4}, {6, 20}};
  EXPECT_TRUE(apply_numbers(state, kFirst, came).none);
}

TEST(NumbersTest, R13_what_a_seal_names_and_did_not_come_before_it_is_missing) {
  const NumberState state{"p", 1, PartitionId{0}, 20, {{5, 5}}};
  const NumberSealed sealed[] = {{25}, {22}, {20}, {3}};
  const NumberChange change = apply_numbers(state, kFirst, {}, sealed);
  EXPECT_EQ(change.highest, 25);
  EXPECT_THAT(change.holes, ElementsAre(HoleChange{std::nullopt, {{21, 22}}},
                                        HoleChange{std::nullopt, {{23, 25}}}));
  EXPECT_EQ(change.newest, std::nullopt);
  const NumbersCame came[] = {{21, 24}};
  EXPECT_THAT(
      apply_numbers(state, kFirst, came, sealed).holes,
      ElementsAre(HoleChange{std::nullopt, {{25, 25}}, Offset{}, RecordPlace{kFirst, Offset{}}}));
}

TEST(NumbersTest, R7_a_hole_knows_the_record_that_showed_it_and_the_one_before) {
  NumberState state{"p", 1, PartitionId{0}, 4, {}};
  state.newest = RecordPlace{kFirst, Offset{40}};
  const NumbersCame came[] = {{9, 9, Offset{90}, Offset{90}}, {6, 7, Offset{60}, Offset{70}}};
  const NumberSealed sealed[] = {{12, Offset{95}}, {12, Offset{99}}, {13, Offset{97}}};
  const NumberChange change = apply_numbers(state, kFirst, came, sealed);
  const auto at = [](std::int64_t offset) { return RecordPlace{kFirst, Offset{offset}}; };
  EXPECT_THAT(change.holes, ElementsAre(HoleChange{{}, {{5, 5}}, Offset{60}, at(40)},
                                        HoleChange{{}, {{8, 8}}, Offset{90}, at(70)},
                                        HoleChange{{}, {{10, 12}}, Offset{95}, at(90)},
                                        HoleChange{{}, {{13, 13}}, Offset{97}, at(90)}));
  EXPECT_EQ(change.newest, at(90));
}

TEST(NumbersTest, R13_a_seal_of_what_came_changes_nothing) {
  const NumberState state{"p", 1, PartitionId{0}, 20, {{5, 5}}};
  const NumberSealed sealed[] = {{20}, {7}};
  EXPECT_TRUE(apply_numbers(state, kFirst, {}, sealed).none);
  const NumbersCame came[] = {{21, 30}};
  const NumberSealed within[] = {{30}};
  EXPECT_THAT(apply_numbers(state, kFirst, came, within).holes, IsEmpty());
}

TEST(NumbersTest, R13_a_seal_speaks_of_the_partition_in_which_its_copy_stands) {
  std::vector<Range> ranges(1);
  ranges[0].partition = PartitionId{1};
  ranges[0].numbers = {{"a", 2, 4, 5}};
  SealRecord record;
  record.partition = PartitionId{1};
  record.seal = {"a", Seal::Kind::sealed, 9, "spool", 2, {{1, {8, 6}}, {2, {7, 5}}, {3, {1}}}};
  const SealRecord seals[] = {record, record};
  const std::vector<NumberGroup> groups = group_numbers(ranges, seals);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].question.epoch, 1);
  EXPECT_THAT(groups[0].came, IsEmpty());
  EXPECT_THAT(groups[0].sealed, ElementsAre(NumberSealed{6}, NumberSealed{6}));
  EXPECT_EQ(groups[0].greatest, 0);
  EXPECT_THAT(groups[1].sealed, ElementsAre(NumberSealed{5}, NumberSealed{5}));
  EXPECT_EQ(groups[1].question.least, 4);
}

TEST(NumbersTest, R13_partitions_that_are_no_more_are_spoken_for_by_partition_0) {
  SealRecord record;
  record.seal = {"a", Seal::Kind::sealed, 9, "spool", 2, {{1, {0, 4, 6}}, {2, {0, 5}}}};
  const std::vector<NumberGroup> groups = group_numbers({}, {&record, 1});
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].question.epoch, 1);
  EXPECT_EQ(groups[0].question.partition, PartitionId{2});
  EXPECT_THAT(groups[0].sealed, ElementsAre(NumberSealed{6}));
  record.partition = PartitionId{1};
  EXPECT_EQ(group_numbers({}, {&record, 1}).size(), 2u);
}

TEST(NumbersTest, the_greatest_number_there_is_opens_a_hole_and_overflows_nothing) {
  const NumberState state{"p", 1, PartitionId{0}, 3, {}};
  const NumbersCame came[] = {{kMost, kMost}, {kMost, kMost}};
  const NumberChange change = apply_numbers(state, kFirst, came);
  EXPECT_EQ(change.highest, kMost);
  EXPECT_THAT(change.holes, ElementsAre(HoleChange{std::nullopt, {{4, kMost - 1}}}));
}

TEST(NumbersTest, each_triple_of_a_batch_is_one_group) {
  std::vector<Range> ranges(2);
  ranges[0].partition = PartitionId{3};
  ranges[0].numbers = {{"b", 1, 5, 9}, {"a", 2, 1, 1}, {"b", 1, 2, 3}};
  ranges[1].partition = PartitionId{4};
  ranges[1].numbers = {{"b", 1, 1, 1}};
  const std::vector<NumberGroup> groups = group_numbers(ranges);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].question.producer, "a");
  EXPECT_EQ(groups[1].question.partition, PartitionId{3});
  EXPECT_EQ(groups[1].question.least, 2);
  EXPECT_EQ(groups[1].greatest, 9);
  EXPECT_THAT(groups[1].came, ElementsAre(NumbersCame{5, 9}, NumbersCame{2, 3}));
  EXPECT_THAT(group_numbers({}), IsEmpty());
}

}  // namespace
}  // namespace weir
