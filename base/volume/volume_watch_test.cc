#include "base/volume/volume_watch.h"

#include "base/digest.h"
#include "base/time.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
constexpr std::uint64_t kGib = 1u << 30;

VolumeSpace used(std::uint64_t gib, std::uint64_t inodes_used = 0) {
  return {100 * kGib, (100 - gib) * kGib, 1000, 1000 - inodes_used};
}

class Trend : public testing::Test {
 protected:
  int mark() const { return trend_.mark() == nullptr ? 0 : trend_.mark()->percent; }
  VolumeTrend trend_{{{70, "seventy"}, {90, "ninety"}}};
};

TEST_F(Trend, a_mark_is_reached_at_its_percentage_and_left_two_points_below) {
  std::int64_t at = 0;
  const auto after = [&](std::uint64_t gib) {
    trend_.take(at += kMinute, used(gib));
    return mark();
  };
  EXPECT_EQ(after(69), 0);
  EXPECT_EQ(after(70), 70);
  EXPECT_EQ(after(69), 70);
  EXPECT_EQ(after(68), 70);
  EXPECT_EQ(after(67), 0);
  EXPECT_EQ(after(95), 90) << "both at once";
  EXPECT_EQ(after(89), 90);
  EXPECT_EQ(after(87), 70);
  EXPECT_EQ(after(10), 0);
}

TEST_F(Trend, inodes_count_as_bytes_do) {
  trend_.take(0, used(1, 899));
  EXPECT_EQ(trend_.used_percent(), 89);
  EXPECT_EQ(mark(), 70);
  trend_.take(kMinute, used(1, 900));
  EXPECT_EQ(mark(), 90);
}

TEST_F(Trend, a_file_system_without_a_number_of_inodes_has_enough) {
  trend_.take(0, {100 * kGib, 50 * kGib, 0, 0});
  EXPECT_EQ(trend_.used_percent(), 50);
}

TEST_F(Trend, the_time_to_full_is_what_is_free_at_the_speed_of_the_last_ten_minutes) {
  EXPECT_EQ(trend_.growth_bytes_per_second(), 0);
  trend_.take(0, used(1));
  EXPECT_EQ(trend_.seconds_to_full(), std::nullopt) << "one look tells no speed";
  for (std::int64_t minute = 1; minute <= 10; ++minute) trend_.take(minute * kMinute, used(1));
  EXPECT_EQ(trend_.seconds_to_full(), std::nullopt) << "it does not fill";
  for (std::uint64_t minute = 11; minute <= 20; ++minute) {
    trend_.take(static_cast<std::int64_t>(minute) * kMinute, used(minute - 9));
  }
  EXPECT_EQ(trend_.growth_bytes_per_second(), static_cast<std::int64_t>(kGib / 60));
  EXPECT_NEAR(static_cast<double>(*trend_.seconds_to_full()), 89 * 60, 1);
  trend_.take(21 * kMinute, used(1));
  EXPECT_LE(trend_.growth_bytes_per_second(), 0);
  EXPECT_EQ(trend_.seconds_to_full(), std::nullopt);
}

TEST_F(Trend, another_size_is_another_volume) {
  trend_.take(0, used(10));
  trend_.take(10 * kMinute, {200 * kGib, 100 * kGib, 0, 0});
  EXPECT_EQ(trend_.growth_bytes_per_second(), 0);
  EXPECT_EQ(mark(), 0);
}

TEST(Watch, tells_a_real_volume_as_metrics) {
  Metrics metrics;
  const VolumeWatch watch(std::filesystem::temp_directory_path(), "mine", {{101, "never"}},
                          metrics);
  const Labels labels = {{"volume", "mine"}};
  EXPECT_GT(metrics.gauge("weir_volume_size_bytes", "", labels).value(), 0);
  EXPECT_GT(metrics.gauge("weir_volume_free_bytes", "", labels).value(), 0);
  EXPECT_EQ(metrics.gauge("weir_volume_mark_percent", "", labels).value(), 0);
  EXPECT_THAT(metrics.render(),
              HasSubstr("weir_volume_seconds_to_full{volume=\"mine\"} 315360000"));
}

TEST(Watch, a_folder_that_is_not_there_yet_ends_nothing) {
  Metrics metrics;
  const VolumeWatch watch("/nowhere/" + random_hex(4), "mine", {{70, ""}}, metrics);
  EXPECT_EQ(metrics.gauge("weir_volume_size_bytes", "", {{"volume", "mine"}}).value(), 0);
}

}  // namespace
}  // namespace weir
