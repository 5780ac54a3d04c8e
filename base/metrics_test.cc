#include "base/metrics.h"

#include "base/process_metrics.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace weir {
namespace {

using testing::HasSubstr;

TEST(Metrics, same_name_and_labels_give_the_same_object) {
  Metrics metrics;
  Counter& a = metrics.counter("weir_x_total", "help", {{"p", "1"}});
  Counter& b = metrics.counter("weir_x_total", "help", {{"p", "1"}});
  Counter& c = metrics.counter("weir_x_total", "help", {{"p", "2"}});
  EXPECT_EQ(&a, &b);
  EXPECT_NE(&a, &c);
  a.add(2);
  b.add();
  EXPECT_EQ(a.value(), 3);
  EXPECT_EQ(c.value(), 0);
}

TEST(Metrics, text_is_what_prometheus_reads) {
  Metrics metrics;
  metrics.counter("weir_x_total", "things", {{"route", "/a\"b"}}).add(5);
  metrics.gauge("weir_depth_bytes", "depth").set(-7);
  EXPECT_EQ(metrics.render(),
            "# HELP weir_depth_bytes depth\n# TYPE weir_depth_bytes gauge\nweir_depth_bytes -7\n"
            "# HELP weir_x_total things\n# TYPE weir_x_total counter\n"
            "weir_x_total{route=\"/a\\\"b\"} 5\n");
}

TEST(Metrics, durations_fall_into_cumulative_buckets_of_seconds) {
  Metrics metrics;
  DurationHistogram& d = metrics.duration("weir_d_seconds", "time");
  d.observe_us(100);  // on the edge: inside
  d.observe_us(101);
  d.observe_us(2'000'000);
  d.observe_us(100'000'000);  // beyond the last bucket
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("weir_d_seconds_count 4\n"));
  EXPECT_THAT(text, HasSubstr("weir_d_seconds_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weir_d_seconds_bucket{le=\"0.00025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("weir_d_seconds_bucket{le=\"60\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("weir_d_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("weir_d_seconds_sum 102.000201\n"));
}

TEST(Metrics, nothing_is_lost_between_threads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) metrics.counter("weir_x_total", "").add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.counter("weir_x_total", "").value(), 40'000);
}

TEST(MetricsDeathTest, one_name_has_one_kind) {
  Metrics metrics;
  metrics.counter("weir_x", "");
  EXPECT_DEATH(metrics.gauge("weir_x", ""), "broken invariant");
  EXPECT_DEATH(metrics.gauge("weir-x", ""), "broken invariant");
}

TEST(ProcessMetrics, tell_of_memory_and_open_files_as_they_are_now) {
  Metrics metrics;
  observe_process(metrics);
  Gauge& memory = metrics.gauge("process_resident_memory_bytes", "Resident memory of this process");
  Gauge& files = metrics.gauge("process_open_fds", "Open files and connections");
  const std::int64_t memory_before = memory.value(), files_before = files.value();
  EXPECT_GT(memory_before, 1 << 20);
  std::vector<char> more(64 << 20, 'x');
  std::ifstream one("/proc/self/stat");
  observe_process(metrics);
  EXPECT_GE(memory.value(), memory_before + static_cast<std::int64_t>(more.size()) / 2);
  EXPECT_EQ(files.value(), files_before + 1);
}

}  // namespace
}  // namespace weir
