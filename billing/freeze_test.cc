#include "billing/freeze.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kHour = 3'600 * kMicrosPerSecond;
constexpr std::int64_t kDay = 1'709'251'200 * kMicrosPerSecond;  // 2024-03-01, UTC

std::int64_t hour(std::int64_t h) { return kDay + h * kHour; }
PeriodKey period(const std::string& sub, std::int64_t h) {
  return {"acme", sub, hour(h), hour(h + 1)};
}
UsageRow usage(const std::string& sub, std::int64_t time_us, std::int64_t units) {
  return {"acme", sub, "requests", time_us, units};
}

/// sub-1 by the hour since 00:00, of ann.
class Freeze : public ::testing::Test {
 protected:
  Freeze() {
    Plan plan;
    plan.tenant = "acme";
    plan.id = "hourly";
    plan.currency = "EUR";
    plan.period = *parse_period_rule("hour");
    plan.time_zone = "UTC";
    catalog_.plans = {plan};
    catalog_.subscriptions = {{"acme", "sub-1", "ann", "hourly", hour(0), kForEverUs}};
    input_.catalog = &catalog_;
    input_.t_us = hour(2);
  }
  Frozen frozen() { return *freeze(input_); }

  Catalog catalog_;
  FreezeInput input_;
};

TEST_F(Freeze, sums_buckets_by_period_of_the_time_at_which_they_were_used) {
  input_.usage = {usage("sub-1", hour(0), 3), usage("sub-1", hour(0) + kHour / 2, 4),
                  usage("sub-1", hour(1), 5)};
  const Frozen result = frozen();
  ASSERT_EQ(result.snapshot.size(), 2u);
  EXPECT_EQ(result.snapshot.at({period("sub-1", 0), "requests"}), (SnapshotUnits{7, 0, 0}));
  EXPECT_EQ(result.snapshot.at({period("sub-1", 1), "requests"}), (SnapshotUnits{5, 0, 0}));
}

TEST_F(Freeze, usage_in_any_order_freezes_alike) {
  catalog_.subscriptions = {{"acme", "sub-2", "bob", "hourly", hour(0), kForEverUs},
                            {"acme", "sub-1", "ann", "hourly", hour(0), kForEverUs},
                            {"umbra", "sub-1", "cat", "hourly", hour(0), kForEverUs}};
  input_.usage = {usage("sub-1", hour(0), 3), usage("sub-2", hour(1), 4),
                  usage("sub-1", hour(1), 5), usage("nobody", hour(1), 6),
                  usage("sub-2", hour(0), 7), usage("sub-1", hour(0), 8)};
  const Frozen one = frozen();
  std::reverse(input_.usage.begin(), input_.usage.end());
  const Frozen other = frozen();
  EXPECT_EQ(one.snapshot, other.snapshot);
  EXPECT_EQ(one.unattributed, other.unattributed);
  EXPECT_EQ(one.snapshot.at({period("sub-1", 0), "requests"}), (SnapshotUnits{11, 0, 0}));
  EXPECT_EQ(one.snapshot.at({period("sub-2", 0), "requests"}), (SnapshotUnits{7, 0, 0}));
  EXPECT_EQ(one.snapshot.size(), 4u);
}

TEST_F(Freeze, a_bucket_of_nobody_that_two_incarnations_fed_is_one_row) {
  input_.usage = {usage("nobody", hour(0), 4), usage("other", hour(0), 1),
                  usage("nobody", hour(1), 2), usage("nobody", hour(0), 3)};
  EXPECT_EQ(frozen().unattributed,
            (std::vector<UsageRow>{usage("nobody", hour(0), 7), usage("nobody", hour(1), 2),
                                   usage("other", hour(0), 1)}));
  input_.usage = {usage("nobody", hour(0), INT64_MAX), usage("nobody", hour(0), 1)};
  EXPECT_EQ(freeze(input_).error().code, ErrorCode::invalid);
}

TEST_F(Freeze, every_period_up_to_T_is_due_once_used_or_not) {
  ASSERT_EQ(frozen().due.size(), 2u);
  EXPECT_EQ(frozen().due[0].key, period("sub-1", 0));
  EXPECT_EQ(frozen().due[0].customer, "ann");
  input_.invoiced = {{"acme", "sub-1", {hour(0), hour(1)}}};
  ASSERT_EQ(frozen().due.size(), 1u);
  EXPECT_EQ(frozen().due[0].key, period("sub-1", 1));
}

TEST_F(Freeze, a_subscription_that_begins_earlier_by_a_later_catalogue_owes_those_periods_too) {
  input_.invoiced = {{"acme", "sub-1", {hour(0), hour(1)}}};
  catalog_.subscriptions[0].from_us = hour(-2);
  const std::vector<DuePeriod> due = frozen().due;
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(due[0].key, period("sub-1", -2));
  EXPECT_EQ(due[1].key, period("sub-1", -1));
  EXPECT_EQ(due[2].key, period("sub-1", 1));
}

TEST_F(Freeze, R11_takes_adjustments_of_periods_that_are_invoiced_and_leaves_those_of_open_ones) {
  input_.t_us = hour(1);
  input_.adjustments = {{9, usage("sub-1", hour(0), 2), {}}, {4, usage("sub-1", hour(1), 3), {}}};
  const Frozen result = frozen();
  EXPECT_EQ(result.assigned, std::vector<std::int64_t>{9});
  EXPECT_EQ(result.adjustments_waiting, 1);
  EXPECT_EQ(result.snapshot.at({period("sub-1", 0), "requests"}), (SnapshotUnits{0, 2, 0}));
}

TEST_F(Freeze, R12_an_adjustment_stays_with_the_period_that_was_invoiced_whatever_is_known_now) {
  catalog_.subscriptions.clear();
  input_.adjustments = {{1, usage("sub-1", hour(0) + 5, 2), TimeRange{hour(0), hour(1)}}};
  const Frozen result = frozen();
  EXPECT_EQ(result.assigned.size(), 1u);
  EXPECT_EQ(result.snapshot.at({period("sub-1", 0), "requests"}).late, 2);
}

TEST_F(Freeze, what_nobody_is_billed_for_is_kept_apart) {
  input_.usage = {usage("sub-9", hour(0), 3), usage("sub-1", hour(-5), 4)};
  input_.adjustments = {{1, usage("sub-9", hour(0), 2), {}}};
  const Frozen result = frozen();
  EXPECT_EQ(result.unattributed.size(), 2u);
  EXPECT_EQ(result.adjustments_unattributed, 1);
  EXPECT_TRUE(result.assigned.empty());
  EXPECT_TRUE(result.snapshot.empty());
}

TEST_F(Freeze, what_was_nobodys_is_attributed_by_the_catalogue_that_knows_it) {
  input_.unattributed = {{3, usage("sub-1", hour(0), 6)}, {3, usage("sub-9", hour(0), 7)}};
  const Frozen result = frozen();
  ASSERT_EQ(result.attributed.size(), 1u);
  EXPECT_EQ(result.attributed[0].from_close, 3);
  EXPECT_EQ(result.snapshot.at({period("sub-1", 0), "requests"}), (SnapshotUnits{0, 0, 6}));
}

TEST_F(Freeze, tells_when_a_sum_of_a_past_period_is_of_none_that_is_due) {
  input_.usage = {usage("sub-1", hour(0), 3), usage("sub-1", hour(2), 1)};
  Frozen result = frozen();
  EXPECT_TRUE(all_due(result, hour(2)));
  result.due.erase(result.due.begin());
  EXPECT_FALSE(all_due(result, hour(2)));
  result = frozen();
  result.due[0].key.to_us += 1;
  EXPECT_FALSE(all_due(result, hour(2)));
}

TEST_F(Freeze, sums_beyond_64_bits_are_an_error) {
  input_.usage = {usage("sub-1", hour(0), INT64_MAX), usage("sub-1", hour(0) + 5, 1)};
  EXPECT_EQ(freeze(input_).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace weir
