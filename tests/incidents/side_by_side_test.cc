// The original design beside Weir, in the same three incidents: there customers are charged wrongly, here
// nobody is. On a calm day both are right, so it is the incident that makes the difference. Needs root.
#include "tests/incidents/side_by_side.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

void tell(const std::string& line) { fmt::print("    {}\n", line); }

void expect_only_the_old_way_is_wrong(Trouble trouble) {
  const Outcome outcome = play(trouble, tell);
  fmt::print("{}", table_of({{trouble, outcome}}));
  EXPECT_EQ(outcome.owed.size(), 5u);
  EXPECT_EQ(compare(outcome.owed, outcome.old_way).customers, 5);
  EXPECT_LT(sum_of(outcome.old_way), sum_of(outcome.owed));
  EXPECT_EQ(outcome.weir, outcome.owed);
  // Whatever was charged while the incident lasted was right, too.
  if (outcome.weir_cron_exit == 0) {
    EXPECT_EQ(outcome.weir_at_cron, outcome.owed);
  } else {
    EXPECT_EQ(outcome.weir_cron_exit, 75);
  }
}

TEST(SideBySide, on_a_calm_day_the_old_way_and_weir_charge_what_is_owed) {
  const Outcome outcome = play(Trouble::none, tell);
  fmt::print("{}", table_of({{Trouble::none, outcome}}));
  EXPECT_EQ(outcome.old_way, outcome.owed);
  EXPECT_EQ(outcome.weir_at_cron, outcome.owed);
  EXPECT_EQ(outcome.weir, outcome.owed);
}

TEST(SideBySide, when_analytics_crashes_the_old_way_charges_wrongly_and_weir_does_not) {
  expect_only_the_old_way_is_wrong(Trouble::analytics_crashes);
}

TEST(SideBySide, when_the_disk_fills_the_old_way_charges_wrongly_and_weir_does_not) {
  expect_only_the_old_way_is_wrong(Trouble::disk_fills);
}

TEST(SideBySide, when_the_server_is_replaced_the_old_way_charges_wrongly_and_weir_does_not) {
  expect_only_the_old_way_is_wrong(Trouble::shared_upgrade);
}

}  // namespace
}  // namespace weir::test
