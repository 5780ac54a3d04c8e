#include "billing/verify/recount.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kMinuteUs = 60 * kMicrosPerSecond;
constexpr std::int64_t kQuarterUs = 15 * kMinuteUs;

class RecountTest : public ::testing::Test {
 protected:
  RecountTest() {
    catalog_.meters.push_back(
        {"acme", "requests", Meter::Aggregate::count, "", {}, kSinceAlwaysUs});
    Meter gets{"acme", "gets", Meter::Aggregate::sum, "units", {}, 2 * kQuarterUs};
    gets.filter.method = "GET";
    catalog_.meters.push_back(gets);
    RecountRules rules;
    rules.bucket = Micros(kQuarterUs);
    rules.skew = Micros(5 * kMinuteUs);
    rules.restamp_window = Micros(60 * kMinuteUs);
    rules.to_us = 100 * kQuarterUs;
    recount_ = std::make_unique<Recount>(catalog_, rules);
    recount_->begin_partition({});
  }
  void add(std::int64_t offset, const std::string& id, std::int64_t time_us, std::int64_t append_us,
           const std::string& method = "GET") {
    RequestBatch rows;
    RequestRow row;
    row.tenant = "acme";
    row.subscription = "s";
    row.source = "t";
    row.id = id;
    row.time = EventTime(time_us);
    row.units = 10;
    row.method = method;
    append_row(rows, row, key_);
    ASSERT_TRUE(recount_->add(Offset(offset), AppendTime(append_us), rows, {}));
  }
  Counted sum(const std::string& meter, std::int64_t bucket_us) {
    const auto found = recount_->counted().find({"acme", "s", meter, bucket_us});
    return found == recount_->counted().end() ? Counted{} : found->second;
  }

  Catalog catalog_;
  IdentityKey key_ = *IdentityKey::from_secret("sixteen bytes or more");
  std::unique_ptr<Recount> recount_;
};

TEST_F(RecountTest, buckets_meters_filters_and_versions_by_event_time) {
  add(0, "a", kQuarterUs + 1, kQuarterUs);
  add(1, "b", 2 * kQuarterUs, kQuarterUs);
  add(2, "c", 3 * kQuarterUs - 1, kQuarterUs, "PUT");
  EXPECT_EQ(sum("requests", kQuarterUs).units, 1);
  EXPECT_EQ(sum("gets", kQuarterUs).units, 0);  // not in force yet
  EXPECT_EQ(sum("requests", 2 * kQuarterUs).units, 2);
  EXPECT_EQ(sum("gets", 2 * kQuarterUs).units, 10);
}

TEST_F(RecountTest, R4_a_copy_counts_once_and_a_restamped_one_within_the_window_too) {
  add(0, "a", kQuarterUs, kQuarterUs);
  add(1, "a", kQuarterUs, 90 * kQuarterUs);                  // the same time, however late
  add(2, "a", 4 * kQuarterUs, kQuarterUs + 59 * kMinuteUs);  // another time, within the window
  EXPECT_EQ(sum("requests", kQuarterUs).units, 1);
  EXPECT_EQ(sum("requests", 4 * kQuarterUs).units, 0);
  EXPECT_EQ(sum("requests", 4 * kQuarterUs).maybe, 0);
  EXPECT_EQ(recount_->copies(), 2);
}

TEST_F(RecountTest, R6_a_copy_restamped_outside_the_window_may_have_counted) {
  add(0, "a", kQuarterUs, kQuarterUs);
  add(1, "a", 9 * kQuarterUs, 9 * kQuarterUs);
  EXPECT_EQ(sum("requests", 9 * kQuarterUs).units, 0);
  EXPECT_EQ(sum("requests", 9 * kQuarterUs).maybe, 1);
}

TEST_F(RecountTest, R4_what_was_quarantined_never_becomes_known_and_what_was_unprovable_does) {
  recount_->begin_partition({{{0, 0}}, {{1, 0}}});
  add(0, "a", kQuarterUs, kQuarterUs);
  add(1, "b", kQuarterUs, kQuarterUs);
  EXPECT_EQ(sum("requests", kQuarterUs).units, 0);
  add(2, "a", kQuarterUs, kQuarterUs);
  add(3, "b", kQuarterUs, kQuarterUs);
  EXPECT_EQ(sum("requests", kQuarterUs).units, 1);  // a's second appearance is its first
}

TEST_F(RecountTest, partitions_have_identities_of_their_own) {
  add(0, "a", kQuarterUs, kQuarterUs);
  recount_->begin_partition({});
  add(0, "a", kQuarterUs, kQuarterUs);
  EXPECT_EQ(sum("requests", kQuarterUs).units, 2);
}

}  // namespace
}  // namespace weir
