#include "billing/seals.h"

#include "base/time.h"
#include "billing/readiness.h"

#include <functional>
#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kEdge = 15 * kMinute;
constexpr std::int64_t kT = 1'000 * kEdge;
constexpr std::int64_t kGrace = 10 * kMinute;

QuotaProducer producer(const std::string& id) { return {id, "spool", 1, kT + kGrace, {}, ""}; }
QuotaSeal seal(const std::string& id, std::int64_t edge_us, std::vector<EpochNumbers> numbers) {
  return {id, edge_us, edge_us + kGrace + 3, edge_us + kGrace + 4, std::move(numbers)};
}

/// gw-1 sealed 5 and 7 of its first epoch for T, and all of that is applied.
QuotaProducers kept() {
  return {{producer("gw-1")},
          {seal("gw-1", kT, {{1, {5, 7}}})},
          {{"gw-1", 1, 0, 5}, {"gw-1", 1, 1, 7}}};
}

std::vector<std::string> codes(const QuotaProducers& producers) {
  std::vector<std::string> found;
  for (const Reason& reason : judge_words(words_for(producers, kT, kGrace), kT, kGrace)) {
    found.push_back(reason.code + (reason.partition ? std::to_string(*reason.partition) : "") +
                    " " + reason.producer);
    EXPECT_FALSE(reason.next_action.empty());
    EXPECT_NE(reason.detail.find(reason.producer), std::string::npos);
  }
  return found;
}
using Codes = std::vector<std::string>;

struct Case {
  const char* name;
  std::function<void(QuotaProducers&)> change;
  Codes codes;
};

TEST(Seals, R13_every_registered_producer_seals_T_and_all_that_it_numbered_is_applied) {
  const std::vector<Case> cases = {
      {"kept", [](QuotaProducers&) {}, {}},
      {"nobody registered", [](QuotaProducers& p) { p = {}; }, {}},
      {"no seal", [](QuotaProducers& p) { p.seals.clear(); }, {"unsealed gw-1"}},
      {"never sealed",
       [](QuotaProducers& p) {
         p.seals.clear();
         p.producers[0].sealed_until_us.reset();
       },
       {"unsealed gw-1"}},
      {"a seal of the edge before",
       [](QuotaProducers& p) {
         p.seals = {seal("gw-1", kT - kEdge, {{1, {5, 7}}})};
       },
       {"unsealed gw-1"}},
      {"a seal of a later edge is a promise for T too",
       [](QuotaProducers& p) {
         p.seals = {seal("gw-1", kT + kEdge, {{1, {5, 7}}})};
       },
       {}},
      {"a seal whose W lies before T + G",
       [](QuotaProducers& p) { p.seals[0].until_us = kT + kGrace - 1; },
       {"unsealed gw-1"}},
      {"a seal whose W is T + G", [](QuotaProducers& p) { p.seals[0].until_us = kT + kGrace; }, {}},
      {"one number short",
       [](QuotaProducers& p) { p.numbers[1].contiguous = 6; },
       {"numbers_missing1 gw-1"}},
      {"nothing arrived",
       [](QuotaProducers& p) { p.numbers.clear(); },
       {"numbers_missing0 gw-1", "numbers_missing1 gw-1"}},
      {"0 promises nothing",
       [](QuotaProducers& p) {
         p.seals[0].numbers = {{1, {0, 7}}};
         p.numbers[0].contiguous = 0;
       },
       {}},
      {"of two seals the one of the least edge counts",
       [](QuotaProducers& p) {
         p.seals.push_back(seal("gw-1", kT + kEdge, {{1, {99, 99}}}));
       },
       {}},
      {"another producer's word is not this one's",
       [](QuotaProducers& p) { p.producers.push_back(producer("gw-2")); },
       {"unsealed gw-2"}},
      {"another producer's numbers are not this one's",
       [](QuotaProducers& p) { p.numbers[0].producer = "gw-2"; },
       {"numbers_missing0 gw-1"}},
      {"another epoch's numbers are not this one's",
       [](QuotaProducers& p) { p.numbers[0].epoch = 2; },
       {"numbers_missing0 gw-1"}}};
  for (const Case& one : cases) {
    QuotaProducers producers = kept();
    one.change(producers);
    EXPECT_EQ(codes(producers), one.codes) << one.name;
  }
}

TEST(Seals, R13_an_earlier_epoch_is_not_forgotten_by_the_next_ones_seals) {
  // Epoch 1 lost 481 to 500; the first seal of epoch 2 named them, the next one no longer does.
  QuotaProducers producers = kept();
  producers.seals = {seal("gw-1", kT - kEdge, {{1, {500, 0}}, {2, {3, 0}}}),
                     seal("gw-1", kT, {{2, {4, 0}}})};
  producers.numbers = {{"gw-1", 1, 0, 480}, {"gw-1", 2, 0, 4}};
  EXPECT_EQ(codes(producers), Codes{"numbers_missing0 gw-1"});
  producers.numbers[0].contiguous = 500;
  EXPECT_EQ(codes(producers), Codes{});
}

TEST(Seals, R14_an_end_is_a_word_for_every_T_once_all_of_it_is_applied) {
  QuotaProducers producers = kept();
  producers.seals.clear();
  producers.producers[0].end_numbers = {{1, {6, 7}}};
  producers.producers[0].ended_by = "seal";
  EXPECT_EQ(codes(producers), Codes{"numbers_missing0 gw-1"});
  producers.numbers[0].contiguous = 6;
  EXPECT_EQ(codes(producers), Codes{});
}

TEST(Seals, R14_its_own_end_does_not_take_back_what_it_sealed_an_operators_retirement_does) {
  QuotaProducers producers = kept();
  producers.numbers[0].contiguous = 3;
  producers.producers[0].end_numbers = {{1, {3, 7}}};
  producers.producers[0].ended_by = "seal";
  EXPECT_EQ(codes(producers), Codes{"numbers_missing0 gw-1"});
  producers.producers[0].ended_by = "ann";
  EXPECT_EQ(codes(producers), Codes{});
}

TEST(Seals, the_reasons_name_last_W_and_the_one_next_action) {
  QuotaProducers producers = kept();
  producers.seals.clear();
  const auto reasons = judge_words(words_for(producers, kT, kGrace), kT, kGrace);
  ASSERT_EQ(reasons.size(), 1u);
  EXPECT_EQ(reasons[0].since_us, kT + kGrace);
  EXPECT_NE(reasons[0].detail.find(format_rfc3339(kT + kGrace)), std::string::npos);
  EXPECT_EQ(reasons[0].next_action,
            "start gw-1 again with its spool, or: weir-quota producers retire gw-1 --reason ...");
}

}  // namespace
}  // namespace weir
