#include "analytics/rollup.h"

#include "analytics/histogram.h"
#include "analytics/store_fixture.h"

#include <map>
#include <random>

namespace weir {
namespace {

class RollupTest : public StoreTest {
 protected:
  /// A batch of random requests: few keys, absent numbers, verdicts of all kinds.
  static BatchBuilder random_batch(std::mt19937_64& random, std::int64_t from, int rows) {
    static const char* const routes[] = {"/a", "/b/{id}", "", "__other__", "/grün"};
    static const char* const tenants[] = {"acme", "bolt", ""};
    BatchBuilder b(0, from);
    for (int i = 0; i < rows; ++i) {
      RequestRow row = request(tenants[random() % 3], routes[random() % 5]);
      row.time = EventTime(kNoonUs + static_cast<std::int64_t>(random() % 300'000'000));
      row.method = random() % 2 ? "GET" : "POST";
      std::string subscription = "sub-" + std::to_string(random() % 4);
      row.subscription = subscription;
      row.status = static_cast<std::uint16_t>(random() % 6 == 0 ? 0 : 100 * (1 + random() % 5));
      row.units = random() % 10 == 0 ? kUnitsMax : static_cast<std::int64_t>(random() % 50);
      row.latency_us =
          random() % 8 == 0 ? kAbsent : static_cast<std::int64_t>(random() % 5'000'000);
      row.request_bytes =
          random() % 8 == 0 ? kAbsent : static_cast<std::int64_t>(random() % 10'000);
      b.add(row, static_cast<Verdict>(random() % 12 == 0 ? 1 + random() % 2 : 0));
    }
    return b;
  }
  static constexpr std::int64_t kUnitsMax = std::int64_t{1} << 53;

  /// How many rows of `a` are not in `b` or the other way round.
  static std::int64_t difference(const std::string& a, const std::string& b) {
    return number("SELECT (SELECT count(*) FROM (" + a + " EXCEPT ALL " + b +
                  ")) + (SELECT count(*) FROM (" + b + " EXCEPT ALL " + a + "))");
  }
};

constexpr const char* kKey = "tenant, api, route, method, status_class, subscription";

TEST_F(RollupTest, every_sum_equals_one_sql_query_over_the_raw_rows) {
  std::mt19937_64 random(20260301);
  auto c = consumer();
  load(*c);
  std::int64_t next = 0;
  for (int round = 0; round < 5; ++round) {
    BatchBuilder b = random_batch(random, next, 3000);
    ASSERT_EQ(commit(*c, b.batch()), Committed::done);
    next += 3000;
  }
  std::string from_rollup =
      std::string("SELECT minute_us, ") + kKey +
      ", sum(requests), sum(units)::HUGEINT, sum(request_bytes)::HUGEINT,"
      " sum(response_bytes)::HUGEINT, sum(latency_sum_us)::HUGEINT, sum(latency_count) FROM " +
      source(FileKind::rollup) + " GROUP BY ALL";
  std::string from_rows =
      "SELECT time_us // 60000000 * 60000000 AS minute_us, tenant, api, route, method,"
      " coalesce(status, 0) // 100 AS status_class, subscription, count(*)::HUGEINT, sum(units),"
      " coalesce(sum(request_bytes), 0), coalesce(sum(response_bytes), 0),"
      " coalesce(sum(latency_us), 0), count(latency_us)::HUGEINT FROM " +
      source(FileKind::segment) + " GROUP BY ALL";
  EXPECT_EQ(difference(from_rollup, from_rows), 0);
}

TEST_F(RollupTest, histograms_equal_the_buckets_of_the_raw_latencies) {
  std::mt19937_64 random(42);
  auto c = consumer();
  load(*c);
  BatchBuilder b = random_batch(random, 0, 5000);
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  // The layout once more, as SQL over bits.
  std::string bucket =
      "CASE WHEN latency_us < 64 THEN latency_us ELSE (floor(log2(latency_us))::BIGINT - 6) * 64 +"
      " (latency_us >> (floor(log2(latency_us))::BIGINT - 6)::INTEGER) END";
  std::string from_histogram = std::string("SELECT minute_us, ") + kKey + ", bucket, sum(n) FROM " +
                               source(FileKind::histogram) + " GROUP BY ALL";
  std::string from_rows =
      "SELECT time_us // 60000000 * 60000000 AS minute_us, tenant, api, route, method,"
      " coalesce(status, 0) // 100 AS status_class, subscription, " +
      bucket + " AS bucket, count(*)::HUGEINT FROM " + source(FileKind::segment) +
      " WHERE latency_us IS NOT NULL GROUP BY ALL";
  EXPECT_EQ(difference(from_histogram, from_rows), 0);
}

TEST_F(RollupTest, keys_beyond_the_cap_go_to_other_and_nothing_is_lost) {
  SegmentWriterOptions options;
  options.rollup_groups_max = 10;
  auto c = consumer(options);
  load(*c);
  BatchBuilder b;
  std::vector<std::string> routes;
  for (int i = 0; i < 100; ++i) routes.push_back("/r" + std::to_string(i));
  for (const std::string& route : routes) b.add(request("acme", route));
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(number(FileKind::rollup, "SELECT sum(requests)::BIGINT FROM {files}"), 100);
  EXPECT_EQ(number(FileKind::rollup, "SELECT count(*) FROM {files}"), 11);
  EXPECT_EQ(number(FileKind::rollup,
                   "SELECT requests FROM {files} WHERE route = '__other__' AND tenant = 'acme'"),
            90);
  EXPECT_EQ(live_files(FileKind::rollup).front().overflow_events, 90);
}

TEST_F(RollupTest, a_tenant_with_a_flood_of_routes_pushes_nobody_elses_into_other) {
  SegmentWriterOptions options;
  options.rollup_groups_max = 1000;
  options.rollup_tenant_groups_max = 100;
  auto c = consumer(options);
  load(*c);
  BatchBuilder b;
  std::vector<std::string> routes;
  for (int i = 0; i < 5000; ++i) routes.push_back("/r" + std::to_string(i));
  for (const std::string& route : routes) b.add(request("noisy", route));
  for (int i = 0; i < 80; ++i) b.add(request("quiet", routes[static_cast<std::size_t>(i)]));
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(number(FileKind::rollup,
                   "SELECT count(*) FROM {files} WHERE tenant = 'quiet' AND route <> '__other__'"),
            80);
  EXPECT_EQ(number(FileKind::rollup, "SELECT count(*) FROM {files} WHERE tenant = 'noisy'"), 101);
  EXPECT_EQ(number(FileKind::rollup, "SELECT sum(requests)::BIGINT FROM {files}"), 5080);
  EXPECT_EQ(live_files(FileKind::rollup).front().overflow_events, 4900);
}

TEST_F(RollupTest, where_noisy_tenants_have_used_up_the_whole_others_keep_their_first_keys) {
  SegmentWriterOptions options;
  options.rollup_groups_max = 320;
  options.rollup_tenant_groups_max = 160;
  auto c = consumer(options);
  load(*c);
  BatchBuilder b;
  std::vector<std::string> routes;
  for (int i = 0; i < 500; ++i) routes.push_back("/r" + std::to_string(i));
  for (const char* noisy : {"noisy-1", "noisy-2", "noisy-3"}) {
    for (const std::string& route : routes) b.add(request(noisy, route));
  }
  for (int i = 0; i < 12; ++i) b.add(request("quiet", routes[static_cast<std::size_t>(i)]));
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(number(FileKind::rollup,
                   "SELECT count(*) FROM {files} WHERE tenant = 'quiet' AND route <> '__other__'"),
            10);
  EXPECT_LE(number(FileKind::rollup, "SELECT count(*) FROM {files}"), 640);
  EXPECT_EQ(number(FileKind::rollup, "SELECT sum(requests)::BIGINT FROM {files}"), 1512);
}

TEST_F(RollupTest, many_tenants_cannot_break_the_cap_either) {
  SegmentWriterOptions options;
  options.rollup_groups_max = 10;
  auto c = consumer(options);
  load(*c);
  BatchBuilder b;
  std::vector<std::string> tenants;
  for (int i = 0; i < 100; ++i) tenants.push_back("t" + std::to_string(i));
  for (const std::string& tenant : tenants) b.add(request(tenant, "/a"));
  ASSERT_EQ(commit(*c, b.batch()), Committed::done);
  EXPECT_EQ(number(FileKind::rollup, "SELECT sum(requests)::BIGINT FROM {files}"), 100);
  EXPECT_LE(number(FileKind::rollup, "SELECT count(*) FROM {files}"), 21);
}

TEST_F(RollupTest, minutes_before_1970_hold_their_events) {
  EXPECT_EQ(minute_of(-1), -kMinuteUs);
  EXPECT_EQ(minute_of(-kMinuteUs), -kMinuteUs);
  EXPECT_EQ(minute_of(kMinuteUs + 1), kMinuteUs);
}

}  // namespace
}  // namespace weir
