#include "analytics/query_lanes.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

int nice_of_this_thread() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

DuckOptions whole() {
  DuckOptions options;
  options.threads = 2;
  options.memory_bytes_max = 400 * kMiB;
  return options;
}

TEST(QueryLanes, heavy_work_runs_at_a_lower_priority_and_cheap_work_does_not) {
  Result<QueryLanes> lanes = QueryLanes::open(whole(), 1000);
  ASSERT_TRUE(lanes) << lanes.error().text();
  const int here = nice_of_this_thread();
  int cheap = -1, heavy = -1;
  const auto note = [](int& into) {
    return [&into](DuckConnection&) -> Status {
      into = nice_of_this_thread();
      return {};
    };
  };
  EXPECT_TRUE(lanes->work(1000, note(cheap)));
  EXPECT_TRUE(lanes->work(1001, note(heavy)));
  EXPECT_EQ(cheap, here);
  EXPECT_EQ(heavy, std::min(19, here + 10));
  EXPECT_EQ(nice_of_this_thread(), here);
}

TEST(QueryLanes, each_lane_has_its_own_share_of_the_memory) {
  Result<QueryLanes> lanes = QueryLanes::open(whole(), 1000);
  ASSERT_TRUE(lanes) << lanes.error().text();
  std::string light, heavy;
  const auto limit = [](std::string& into) {
    return [&into](DuckConnection& connection) -> Status {
      Result<DuckResult> rows = connection.query("SELECT current_setting('memory_limit')", {},
                                                 Deadline::in(std::chrono::seconds(10)));
      if (!rows) return rows.error();
      into = rows->text(0, 0);
      return {};
    };
  };
  ASSERT_TRUE(lanes->work(0, limit(light)));
  ASSERT_TRUE(lanes->work(1001, limit(heavy)));
  EXPECT_EQ(light, "100.0 MiB");
  EXPECT_EQ(heavy, "300.0 MiB");
}

TEST(QueryLanes, an_error_of_the_work_is_the_answer_in_both) {
  Result<QueryLanes> lanes = QueryLanes::open(whole(), 1000);
  ASSERT_TRUE(lanes) << lanes.error().text();
  const auto wrong = [](DuckConnection& connection) {
    return connection.execute("no SQL", Deadline::in(std::chrono::seconds(10)));
  };
  EXPECT_FALSE(lanes->work(0, wrong));
  EXPECT_FALSE(lanes->work(1001, wrong));
}

}  // namespace
}  // namespace weir
