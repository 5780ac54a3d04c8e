#include "quota/seals.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A second is 1'000'000; buckets of 900, grace 600, skew 300 seconds.
constexpr std::int64_t kSecond = 1'000'000;
const SealRules kRules{std::chrono::minutes(5), std::chrono::minutes(10), std::chrono::minutes(15)};

SealRecord sealed(std::int64_t until_s, std::vector<EpochNumbers> numbers, std::int64_t epoch = 1,
                  const std::string& producer = "gw-1") {
  return {PartitionId{0},
          Offset{0},
          AppendTime{until_s * kSecond},
          {producer, Seal::Kind::sealed, until_s * kSecond, "spool", epoch, std::move(numbers)}};
}
SealRecord of_kind(Seal::Kind kind, std::int64_t epoch, std::vector<EpochNumbers> numbers = {}) {
  SealRecord record = sealed(0, std::move(numbers), epoch);
  record.seal.kind = kind;
  return record;
}

TEST(SealsTest, the_edge_is_the_greatest_that_the_grace_leaves) {
  EXPECT_EQ(sealed_edge(1499 * kSecond, kRules), 0);
  EXPECT_EQ(sealed_edge(1500 * kSecond, kRules), 900 * kSecond);
  EXPECT_EQ(sealed_edge(2399 * kSecond, kRules), 900 * kSecond);
  EXPECT_EQ(sealed_edge(2400 * kSecond, kRules), 1800 * kSecond);
  EXPECT_LT(sealed_edge(std::numeric_limits<std::int64_t>::min(), kRules), 0);
}

TEST(SealsTest, R13_a_seal_from_the_future_registers_and_vouches_for_nothing) {
  SealRecord ahead = sealed(10'000, {{1, {3}}});
  ahead.append_time = AppendTime{(10'000 - 301) * kSecond};
  SealRecord within = sealed(10'000, {{1, {3}}});
  within.append_time = AppendTime{(10'000 - 300) * kSecond};
  const SealRecord seals[] = {ahead, within};
  const GatheredSeals gathered = gather_seals(seals, kRules);
  ASSERT_THAT(gathered.ahead_of_time, SizeIs(1));
  EXPECT_EQ(gathered.ahead_of_time[0], &seals[0]);
  ASSERT_THAT(gathered.producers, SizeIs(1));
  EXPECT_THAT(gathered.producers[0].kept, SizeIs(1));
  EXPECT_THAT(gather_seals({&seals[0], 1}, kRules).producers[0].kept, IsEmpty());
}

TEST(SealsTest, R13_of_each_edge_the_first_is_kept_and_of_all_the_newest) {
  const SealRecord seals[] = {sealed(1600, {{1, {4}}}), sealed(1500, {{1, {3}}}),
                              sealed(2500, {{1, {7}}}), sealed(2600, {{1, {8}}}),
                              sealed(2650, {{1, {9}}})};
  const GatheredSeals gathered = gather_seals(seals, kRules);
  std::vector<std::int64_t> until;
  for (const KeptSeal& kept : gathered.producers[0].kept) {
    until.push_back(kept.seal.until_us / kSecond);
  }
  EXPECT_THAT(until, ElementsAre(1500, 2500, 2650));
}

TEST(SealsTest, producers_come_by_their_ids_each_with_its_greatest_epoch) {
  const SealRecord seals[] = {sealed(1500, {{1, {3}}}, 1, "b"), sealed(1500, {{1, {3}}}, 1, "a"),
                              sealed(1600, {{1, {3}}, {2, {1}}}, 2, "b")};
  const GatheredSeals gathered = gather_seals(seals, kRules);
  ASSERT_THAT(gathered.producers, SizeIs(2));
  EXPECT_EQ(gathered.producers[0].registration.producer, "a");
  EXPECT_EQ(gathered.producers[1].registration.epoch, 2);
  EXPECT_THAT(gathered.producers[1].finals, ElementsAre(EpochNumbers{1, {3}}));
}

TEST(SealsTest, R2_a_final_seal_says_that_its_own_epoch_is_over) {
  SealRecord last = sealed(1500, {{1, {3}}, {2, {7, 2}}}, 2);
  EXPECT_THAT(gather_seals({&last, 1}, kRules).producers[0].finals,
              ElementsAre(EpochNumbers{1, {3}}));
  last.seal.final = true;
  EXPECT_THAT(gather_seals({&last, 1}, kRules).producers[0].finals,
              ElementsAre(EpochNumbers{1, {3}}, EpochNumbers{2, {7, 2}}));
  // Of an input nobody knows up to when it was read: the numbers are final, no time is vouched for.
  last.seal.until_us = 0;
  const ProducerNews news = gather_seals({&last, 1}, kRules).producers[0];
  EXPECT_THAT(news.kept, IsEmpty());
  EXPECT_THAT(news.finals, SizeIs(2));
}

TEST(SealsTest, R14_the_end_of_the_greatest_epoch_is_the_end) {
  const SealRecord seals[] = {of_kind(Seal::Kind::end, 2, {{2, {8}}}),
                              of_kind(Seal::Kind::end, 1, {{1, {5}}})};
  const GatheredSeals gathered = gather_seals(seals, kRules);
  ASSERT_TRUE(gathered.producers[0].end);
  EXPECT_EQ(gathered.producers[0].end->seal.epoch, 2);
}

TEST(SealsTest, R14_only_what_lies_above_an_end_overtakes_it) {
  const std::vector<EpochNumbers> end = {{1, {5, 0}}, {2, {8, 3}}};
  EXPECT_FALSE(is_above(end, 1, PartitionId{0}, 5));
  EXPECT_TRUE(is_above(end, 1, PartitionId{0}, 6));
  EXPECT_TRUE(is_above(end, 1, PartitionId{1}, 1));
  EXPECT_TRUE(is_above(end, 3, PartitionId{0}, 1));
  EXPECT_TRUE(is_above(end, 2, PartitionId{2}, 1));
  const auto overtaken_by = [&](SealRecord seal) {
    return overtakes(gather_seals({&seal, 1}, kRules).producers[0], end);
  };
  EXPECT_FALSE(overtaken_by(sealed(1500, {{2, {8, 3}}}, 2)));
  EXPECT_FALSE(overtaken_by(of_kind(Seal::Kind::registration, 2)));
  EXPECT_TRUE(overtaken_by(sealed(1500, {{2, {9, 3}}}, 2)));
  EXPECT_TRUE(overtaken_by(of_kind(Seal::Kind::registration, 3)));
}

TEST(SealsTest, merging_is_the_greatest_of_both_in_any_order) {
  const bool held = rc::check([] {
    const auto numbers = [] {
      std::vector<EpochNumbers> out;
      for (std::int64_t epoch = 1; epoch <= 3; ++epoch) {
        if (!*rc::gen::arbitrary<bool>()) continue;
        const auto last = *rc::gen::container<std::vector<std::int64_t>>(
            *rc::gen::inRange<std::size_t>(0, 3), rc::gen::inRange<std::int64_t>(0, 9));
        out.push_back({epoch, last});
      }
      return out;
    };
    const auto a = numbers(), b = numbers();
    const auto merged = merge_numbers(a, b);
    RC_ASSERT(merged == merge_numbers(b, a));
    RC_ASSERT(merge_numbers(merged, a) == merged);
    for (const auto& side : {a, b}) {
      for (const EpochNumbers& entry : side) {
        for (std::size_t p = 0; p < entry.last.size(); ++p) {
          const PartitionId partition{static_cast<std::int32_t>(p)};
          RC_ASSERT(!is_above(merged, entry.epoch, partition, entry.last[p]));
        }
      }
    }
  });
  EXPECT_TRUE(held);
  EXPECT_THAT(merge_numbers({}, {}), IsEmpty());
}

}  // namespace
}  // namespace weir
