#include "billing/run_metrics.h"

#include "base/digest.h"
#include "base/volume/durable_file.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kNow = 1'700'000'000'000'000;
constexpr std::int64_t kHour = 3600 * kMicrosPerSecond;

CycleReport held_report() {
  CycleReport report;
  report.closed_until_us = kNow - 2 * kHour;
  report.reasons = {
      {"unsealed", {}, "", "", 0}, {"behind", {}, "", "", 0}, {"behind", {}, "", "", 0}};
  for (const std::int64_t hours : {1, 3}) {
    HeldPeriod held;
    held.first_seen_us = kNow - hours * kHour;
    report.held.push_back(held);
  }
  report.charges.succeeded = 4;
  return report;
}

TEST(RunMetrics, a_held_run_says_since_when_and_why) {
  const std::string text = run_metrics(held_report(), kNow, ExitCode::held);
  for (const char* line :
       {"weir_billing_last_run_seconds 1700000000\n", "weir_billing_last_exit_code 75\n",
        "weir_billing_closed_until_seconds 1699992800\n", "weir_billing_held_periods 2\n",
        "weir_billing_oldest_hold_seconds 10800\n", "weir_billing_hold{reason=\"behind\"} 2\n",
        "weir_billing_hold{reason=\"unsealed\"} 1\n",
        "weir_billing_charges{state=\"succeeded\"} 4\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(RunMetrics, nothing_held_is_no_age) {
  const std::string text = run_metrics(CycleReport(), kNow, ExitCode::done);
  EXPECT_THAT(text, HasSubstr("weir_billing_oldest_hold_seconds 0\n"));
  EXPECT_THAT(text, HasSubstr("weir_billing_closed_until_seconds 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("weir_billing_hold{")));
}

TEST(RunMetrics, a_run_that_came_to_nothing_says_that_it_ran_and_no_old_story) {
  const std::string text = run_metrics(std::nullopt, kNow, ExitCode::unreachable);
  EXPECT_THAT(text, HasSubstr("weir_billing_last_exit_code 69\n"));
  EXPECT_THAT(text, Not(HasSubstr("held_periods")));
}

TEST(RunMetrics, the_file_is_replaced_whole_and_one_that_cannot_be_is_no_end) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("weir-metrics-" + random_hex(4))).string();
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/weir.prom";
  leave_metrics(path, "one\n");
  leave_metrics(path, "two\n");
  EXPECT_EQ(*read_file(path, 100), "two\n");
  EXPECT_EQ(list_folder(folder)->size(), 1u) << "nothing is left beside it";
  leave_metrics(folder + "/none/weir.prom", "three\n");
  leave_metrics("", "four\n");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weir
