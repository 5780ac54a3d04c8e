// READY* on the real PostgreSQL: the close with registered producers, and what only their word shows.
#include "billing/seals.h"

#include "billing/close.h"
#include "tests/contract/billing/world.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

class SealedClose : public ::testing::Test {
 protected:
  void SetUp() override { world_.register_producer("gw-1"); }

  /// "code producer" for each reason why T cannot be closed; nothing may have changed.
  std::vector<std::string> refused(std::int64_t t_us) {
    const CloseOutcome outcome = world_.close_only(t_us);
    EXPECT_EQ(outcome.kind, CloseOutcome::Kind::not_ready);
    EXPECT_LT(world_.closed_until(), t_us);
    std::vector<std::string> codes;
    for (const Reason& reason : outcome.reasons)
      codes.push_back(reason.code + " " + reason.producer);
    return codes;
  }
  std::vector<std::string> proven(std::int64_t t_us) {
    world_.set_clock(t_us + 10 * kMinuteUs);
    const Result<Readiness> readiness = world_.gate().prove(t_us);
    if (!readiness) return {readiness.error().text()};
    std::vector<std::string> codes;
    for (const Reason& reason : readiness->reasons) {
      codes.push_back(reason.code + " " + reason.producer);
    }
    return codes;
  }
  using Codes = std::vector<std::string>;
  World world_;
};

TEST_F(SealedClose, R13_a_registered_producer_that_gave_no_word_for_T_holds_the_close) {
  EXPECT_EQ(proven(hour(1)), Codes{"unsealed gw-1"});
  EXPECT_EQ(refused(hour(1)), Codes{"unsealed gw-1"});
  world_.seal("gw-1", hour(0, 45), {{1, {0, 0}}});
  EXPECT_EQ(refused(hour(1)), Codes{"unsealed gw-1"});
  world_.seal("gw-1", hour(1), {{1, {0, 0}}});
  EXPECT_EQ(world_.close_only(hour(1)).kind, CloseOutcome::Kind::closed);
}

TEST_F(SealedClose, R13_what_was_sealed_and_is_not_applied_holds_the_close) {
  world_.seal("gw-1", hour(1), {{1, {3, 2}}});
  world_.apply_number("gw-1", 1, 0, 3);
  world_.apply_number("gw-1", 1, 1, 1);
  EXPECT_EQ(proven(hour(1)), Codes{"numbers_missing gw-1"});
  EXPECT_EQ(refused(hour(1)), Codes{"numbers_missing gw-1"});
  world_.apply_number("gw-1", 1, 1, 2);
  EXPECT_EQ(world_.close_only(hour(1)).kind, CloseOutcome::Kind::closed);
}

TEST_F(SealedClose, R11_a_hole_below_the_sealed_number_blocks_and_one_above_it_does_not) {
  world_.seal("gw-1", hour(1), {{1, {3, 0}}});
  world_.apply_number("gw-1", 1, 0, 9);
  world_.open_hole("gw-1", 1, 0, 4, 5);
  EXPECT_EQ(proven(hour(1)), Codes{});
  world_.open_hole("gw-1", 1, 0, 3, 3);
  EXPECT_EQ(refused(hour(1)), Codes{"numbers_missing gw-1"});
  world_.tell("update quota.hole set accepted_at_us = 1 where from_number = 3");
  EXPECT_EQ(world_.close_only(hour(1)).kind, CloseOutcome::Kind::closed);
}

TEST_F(SealedClose, R11_a_producer_that_registers_between_gate_and_close_is_asked_too) {
  world_.seal("gw-1", hour(1), {{1, {0, 0}}});
  EXPECT_EQ(proven(hour(1)), Codes{});
  world_.register_producer("gw-2");
  EXPECT_EQ(refused(hour(1)), Codes{"unsealed gw-2"});
}

TEST_F(SealedClose, R14_a_producer_that_ended_holds_nothing_once_its_last_number_is_applied) {
  world_.end("gw-1", "seal", {{1, {2, 0}}});
  world_.apply_number("gw-1", 1, 0, 1);
  EXPECT_EQ(proven(hour(1)), Codes{"numbers_missing gw-1"});
  world_.apply_number("gw-1", 1, 0, 2);
  EXPECT_EQ(world_.close_only(hour(1)).kind, CloseOutcome::Kind::closed);
}

TEST_F(SealedClose, R9_the_greatest_T_that_everybody_has_sealed_is_closed_by_the_run) {
  world_.seal("gw-1", hour(1), {{1, {0, 0}}});
  EXPECT_EQ(proven(hour(2)), Codes{"unsealed gw-1"});
  EXPECT_EQ(proven(hour(1)), Codes{});  // written late, and just as good
  const CycleReport report = world_.run_at(hour(3));
  ASSERT_EQ(report.closed.size(), 1u);
  EXPECT_EQ(report.closed[0].t_us, hour(1));
  ASSERT_EQ(report.reasons.size(), 1u);
  EXPECT_EQ(report.reasons[0].code, "unsealed");
  EXPECT_EQ(report.exit(), ExitCode::held);
  EXPECT_EQ(world_.invoices().size(), 2u);
}

TEST_F(SealedClose, the_gate_waits_for_a_seal_that_is_on_its_way) {
  world_.seal_while_waiting([this] { world_.seal("gw-1", hour(1), {{1, {0, 0}}}); });
  EXPECT_EQ(proven(hour(1)), Codes{});
}

}  // namespace
}  // namespace weir
