// What comes in over HTTP and from the settings: refusals that name the field.
#include "quota/api_json.h"
#include "quota/check_request.h"
#include "quota/setup.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(CheckRequestTest, reads_several_costs) {
  const auto request = parse_check(
      R"({"subscription":"s","costs":[{"meter":"a","cost":1},{"meter":"b","cost":0}]})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->subscription, "s");
  ASSERT_EQ(request->costs.size(), 2u);
  EXPECT_EQ(request->costs[1].meter, "b");
}

TEST(CheckRequestTest, refuses_what_is_wrong_and_names_the_field) {
  const struct {
    const char* body;
    const char* named;
  } kCases[] = {
      {"", "JSON object"},
      {"[]", "JSON object"},
      {R"({"costs":[{"meter":"a","cost":1}]})", "subscription"},
      {R"({"subscription":7,"costs":[{"meter":"a","cost":1}]})", "subscription"},
      {R"({"subscription":"","costs":[{"meter":"a","cost":1}]})", "subscription"},
      {R"({"subscription":"s"})", "costs"},
      {R"({"subscription":"s","costs":[]})", "costs"},
      {R"({"subscription":"s","costs":[1]})", "costs"},
      {R"({"subscription":"s","costs":[{"cost":1}]})", "meter"},
      {R"({"subscription":"s","costs":[{"meter":"a"}]})", "cost"},
      {R"({"subscription":"s","costs":[{"meter":"a","cost":-1}]})", "cost"},
      {R"({"subscription":"s","costs":[{"meter":"a","cost":1.5}]})", "cost"},
      {R"({"subscription":"s","costs":[{"meter":"a","cost":9007199254740993}]})", "cost"},
  };
  for (const auto& [body, named] : kCases) {
    const auto request = parse_check(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().code, ErrorCode::invalid);
    EXPECT_NE(request.error().what.find(named), std::string::npos) << request.error().what;
  }
}

TEST(CheckRequestTest, a_hundred_thousand_brackets_are_refused) {
  EXPECT_FALSE(parse_check(std::string(100'000, '[')).ok());
}

TEST(FreshnessTest, says_how_far_behind_the_answer_is) {
  EXPECT_EQ(
      freshness_json({20'000'000, 5'000'000}),
      R"("as_of":"1970-01-01T00:00:20Z","complete_through":"1970-01-01T00:00:05Z","lag_s":15)");
  EXPECT_EQ(freshness_json({20'000'000, std::nullopt}),
            R"("as_of":"1970-01-01T00:00:20Z","complete_through":null,"lag_s":null)");
}

Decided decided() {
  using std::chrono::minutes;
  return {minutes(15), minutes(5), minutes(5), minutes(10), "murmur2"};
}

TEST(SetupTest, R10_a_grace_below_its_floor_is_refused) {
  Decided below = decided();
  EXPECT_TRUE(check_decided(below).empty());
  below.grace -= Micros(1);
  ASSERT_EQ(check_decided(below).size(), 1u);
  EXPECT_EQ(check_decided(below)[0].where, "quota.grace");
}

TEST(SetupTest, a_bucket_must_divide_a_quarter_of_an_hour) {
  for (auto [seconds, faults] : {std::pair(5, 0u), {900, 0u}, {7, 1u}, {1800, 1u}}) {
    Decided other = decided();
    other.bucket = std::chrono::seconds(seconds);
    EXPECT_EQ(check_decided(other).size(), faults) << seconds;
  }
}

TEST(SetupTest, every_setting_that_differs_from_the_database_is_named_with_both_values) {
  Deployment stands;
  stands.topic = "weir.requests";
  stands.bucket = std::chrono::minutes(5);
  stands.permitted_future = std::chrono::minutes(5);
  stands.delivery_timeout = std::chrono::minutes(5);
  stands.grace = std::chrono::minutes(10);
  stands.partitioner = "any";
  const std::vector<Fault> faults = compare_decided(decided(), "weir.requests", stands);
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].where, "quota.bucket");
  EXPECT_NE(faults[0].what.find("15m"), std::string::npos);
  EXPECT_NE(faults[0].what.find("5m"), std::string::npos);
  EXPECT_EQ(faults[1].where, "quota.partitioner");
}

}  // namespace
}  // namespace weir
