#include "base/time.h"

#include "base/civil.h"

#include <gtest/gtest.h>
#include <random>

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLeast = days_of_civil({0, 1, 1}) * kMicrosPerDay;
constexpr std::int64_t kMost = days_of_civil({10'000, 1, 1}) * kMicrosPerDay - 1;

std::int64_t parsed(std::string_view text) {
  const Result<std::int64_t> time = parse_rfc3339(text);
  EXPECT_TRUE(time) << text;
  return time ? *time : -1;
}

TEST(Rfc3339, known_times_are_read) {
  EXPECT_EQ(parsed("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parsed("2026-03-01T12:00:00Z"), 1'772'366'400'000'000);
  EXPECT_EQ(parsed("2026-03-01t12:00:00z"), 1'772'366'400'000'000);
  EXPECT_EQ(parsed("2026-03-01 13:00:00+01:00"), 1'772'366'400'000'000);
  EXPECT_EQ(parsed("2026-03-01T06:30:00-05:30"), 1'772'366'400'000'000);
  EXPECT_EQ(parsed("1969-12-31T23:59:59.999999Z"), -1);
  EXPECT_EQ(parsed("2024-02-29T00:00:00Z") - parsed("2024-02-28T00:00:00Z"), kMicrosPerDay);
}

TEST(Rfc3339, fraction_is_cut_after_microseconds) {
  EXPECT_EQ(parsed("1970-01-01T00:00:00.1Z"), 100'000);
  EXPECT_EQ(parsed("1970-01-01T00:00:00.000001Z"), 1);
  EXPECT_EQ(parsed("1970-01-01T00:00:00.0000019999Z"), 1);
}

TEST(Rfc3339, leap_second_is_the_next_days_first_second) {
  EXPECT_EQ(parsed("2016-12-31T23:59:60Z"), parsed("2017-01-01T00:00:00Z"));
  EXPECT_EQ(parsed("2017-01-01T00:59:60+01:00"), parsed("2017-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("2016-12-31T12:59:60Z"));
}

TEST(Rfc3339, what_is_no_time_is_refused) {
  for (const char* text : {"",
                           "2026",
                           "2026-03-01",
                           "2026-03-01T12:00:00",
                           "2026-03-01T12:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-03-00T00:00:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T12:60:00Z",
                           "2026-03-01T12:00:61Z",
                           "2026-03-01T12:00:00.Z",
                           "2026-03-01T12:00:00,5Z",
                           "2026-03-01T12:00:00+1:00",
                           "2026-03-01T12:00:00+24:00",
                           "2026-03-01T12:00:00+01:60",
                           "2026-03-01T12:00:00Zx",
                           " 2026-03-01T12:00:00Z",
                           "2026-03-01X12:00:00Z",
                           "+026-03-01T12:00:00Z",
                           "2026-3-01T12:00:00Z"}) {
    const Result<std::int64_t> time = parse_rfc3339(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::invalid);
  }
}

TEST(Rfc3339, fraction_is_written_without_trailing_zeros) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(120'000), "1970-01-01T00:00:00.12Z");
  EXPECT_EQ(format_rfc3339(1), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(format_rfc3339(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, every_time_of_four_digit_years_is_read_back) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> times(kLeast, kMost);
  for (int i = 0; i < 100'000; ++i) {
    const std::int64_t time = times(random);
    ASSERT_EQ(parsed(format_rfc3339(time)), time) << format_rfc3339(time);
  }
  EXPECT_EQ(parsed(format_rfc3339(kLeast)), kLeast);
  EXPECT_EQ(parsed(format_rfc3339(kMost)), kMost);
}

TEST(Civil, every_day_of_800_years_follows_the_one_before) {
  CivilDate before = civil_of_days(days_of_civil({1600, 1, 1}) - 1);
  for (std::int64_t day = days_of_civil({1600, 1, 1}); day < days_of_civil({2400, 1, 1}); ++day) {
    const CivilDate date = civil_of_days(day);
    ASSERT_TRUE(is_valid(date));
    ASSERT_EQ(days_of_civil(date), day);
    const bool follows = date.day == before.day + 1 ? date.month == before.month : date.day == 1;
    ASSERT_TRUE(follows) << day;
    before = date;
  }
}

TEST(Duration, sums_of_units_are_read) {
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("15m"), 15min);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("1us"), 1us);
  EXPECT_EQ(*parse_duration("0s"), 0s);
}

TEST(Duration, what_is_no_duration_is_refused) {
  for (const char* text : {"", "5", "s", "5 s", "-5s", "1.5s", "5sec", "5s ", "1h30", "9999999999d",
                           "99999999999999999999s", "9223372036854775807us1us", "5S"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, every_duration_is_read_back) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20'000; ++i) {
    const Micros duration(static_cast<std::int64_t>(random() >> (1 + i % 63)));
    ASSERT_EQ(*parse_duration(format_duration(duration)), duration) << format_duration(duration);
  }
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(1500ms), "1s500ms");
}

TEST(Duration, people_are_told_the_two_largest_units) {
  EXPECT_EQ(humane_duration(200s), "3 min 20 s");
  EXPECT_EQ(humane_duration(850ms), "850 ms");
  EXPECT_EQ(humane_duration(2h + 5min + 7s), "2 h 5 min");
  EXPECT_EQ(humane_duration(5min), "5 min");
  EXPECT_EQ(humane_duration(5min + 3ms), "5 min");
  EXPECT_EQ(humane_duration(-200s), "-3 min 20 s");
  EXPECT_EQ(humane_duration(0s), "0 s");
}

TEST(Clock, manual_clock_stands_still_until_told) {
  ManualClock clock(WallTime(100));
  EXPECT_EQ(clock.now(), WallTime(100));
  const auto before = clock.steady_now();
  clock.advance(2s);
  EXPECT_EQ(clock.now(), WallTime(2'000'100));
  EXPECT_EQ(clock.steady_now() - before, 2s);
}

TEST(Deadline, left_never_falls_below_nothing) {
  EXPECT_TRUE(Deadline::in(-1s).passed());
  EXPECT_EQ(Deadline::in(-1s).left(), 0us);
  EXPECT_FALSE(Deadline::in(1h).passed());
}

}  // namespace
}  // namespace weir
