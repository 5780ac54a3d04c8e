#include "billing/crosscheck/crosscheck.h"

#include "billing/crosscheck/analytics_side.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

AnalyticsCounts answered(std::map<std::string, AnalyticsCount> rows) {
  AnalyticsCounts counts;
  counts.tenant = "acme";
  counts.reached = true;
  counts.rows = std::move(rows);
  return counts;
}

TEST(Crosscheck, equal_sides_are_equal_and_each_difference_is_named) {
  CrosscheckReport report;
  compare_counts({{"a", 3}, {"b", 2}}, answered({{"a", {3, 0}}, {"b", {2, 0}}}), report);
  EXPECT_TRUE(report.equal());
  compare_counts({{"a", 3}, {"only-quota", 1}},
                 answered({{"a", {4, 0}}, {"only-analytics", {1, 0}}}), report);
  ASSERT_EQ(report.differences.size(), 3u);
  EXPECT_EQ(report.differences[0].subscription, "a");
  EXPECT_EQ(report.differences[1].subscription, "only-analytics");
  EXPECT_EQ(report.differences[2].subscription, "only-quota");
  EXPECT_NE(crosscheck_text(report).find("DIFFERENT"), std::string::npos);
}

TEST(Crosscheck, accepted_unprovable_events_are_no_difference_but_only_as_many_as_there_are) {
  CrosscheckReport report;
  compare_counts({{"a", 5}}, answered({{"a", {3, 2}}}), report);
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(report.accepted_unprovable, 2);
  compare_counts({{"a", 6}}, answered({{"a", {3, 2}}}), report);
  EXPECT_EQ(report.differences.size(), 1u);
}

TEST(Crosscheck, a_meter_counts_every_request_only_without_a_filter_throughout_the_range) {
  Catalog catalog;
  Meter meter{"acme", "requests", Meter::Aggregate::count, "", {}, 100};
  catalog.meters.push_back(meter);
  EXPECT_EQ(counting_meter(catalog, "acme", {100, 200}), "requests");
  EXPECT_EQ(counting_meter(catalog, "acme", {99, 200}), std::nullopt);
  EXPECT_EQ(counting_meter(catalog, "other", {100, 200}), std::nullopt);
  meter.from_us = 150;
  meter.filter.method = "GET";
  catalog.meters.push_back(meter);
  EXPECT_EQ(counting_meter(catalog, "acme", {100, 150}), "requests");
  EXPECT_EQ(counting_meter(catalog, "acme", {100, 151}), std::nullopt);
  EXPECT_EQ(counting_meter(catalog, "acme", {150, 200}), std::nullopt);
}

TEST(Crosscheck, what_is_asked_and_what_is_read_of_the_answer) {
  CrosscheckPlace place;
  place.range = {0, 900'000'000};
  place.incarnation = 2;
  place.vector = {7, 0};
  EXPECT_EQ(counts_request(place),
            R"({"from":"1970-01-01T00:00:00Z","to":"1970-01-01T00:15:00Z","incarnation":2,)"
            R"("vector":[7,0]})");
  const auto counts =
      read_counts_answer(R"({"tenant":"acme","reached":false,"next":[6,0],"expired_events":4,)"
                         R"("rows":[{"subscription":"a","requests":3,"unprovable":1}]})");
  ASSERT_TRUE(counts);
  EXPECT_FALSE(counts->reached);
  EXPECT_EQ(counts->expired_events, 4);
  EXPECT_EQ(counts->rows.at("a").requests, 3);
  EXPECT_FALSE(read_counts_answer("{}"));
  EXPECT_FALSE(read_counts_answer("<html>"));
}

}  // namespace
}  // namespace weir
