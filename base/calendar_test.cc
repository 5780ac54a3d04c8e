#include "base/calendar.h"

#include "base/civil.h"

#include <gtest/gtest.h>
#include <random>

namespace weir {
namespace {

using namespace std::chrono_literals;
using Kind = PeriodRule::Kind;

std::int64_t at(std::string_view text) { return *parse_rfc3339(text); }

std::string shown(const TimeRange& range) {
  return format_rfc3339(range.from_us) + " " + format_rfc3339(range.to_us);
}

std::string period(const char* rule, const char* zone, const char* time) {
  const Result<TimeRange> range = period_containing(*parse_period_rule(rule), zone, at(time));
  return range ? shown(*range) : range.error().text();
}

TEST(Calendar, month_begins_at_local_midnight) {
  EXPECT_EQ(period("month", "UTC", "2026-03-15T12:00:00Z"),
            "2026-03-01T00:00:00Z 2026-04-01T00:00:00Z");
  EXPECT_EQ(period("month", "Europe/Berlin", "2026-03-15T12:00:00Z"),
            "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
  EXPECT_EQ(period("month", "Asia/Kathmandu", "2026-02-28T18:15:00Z"),
            "2026-02-28T18:15:00Z 2026-03-31T18:15:00Z");
  EXPECT_EQ(period("month", "UTC", "2024-02-29T23:59:59.999999Z"),
            "2024-02-01T00:00:00Z 2024-03-01T00:00:00Z");
}

TEST(Calendar, day_of_a_shift_has_23_or_25_hours) {
  EXPECT_EQ(period("day", "Europe/Berlin", "2026-03-29T12:00:00Z"),
            "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z");
  EXPECT_EQ(period("day", "Europe/Berlin", "2026-10-25T12:00:00Z"),
            "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z");
}

TEST(Calendar, week_begins_on_monday) {
  EXPECT_EQ(period("week", "UTC", "2026-03-01T12:00:00Z"),  // a Sunday
            "2026-02-23T00:00:00Z 2026-03-02T00:00:00Z");
  EXPECT_EQ(period("week", "UTC", "1969-12-31T00:00:00Z"),
            "1969-12-29T00:00:00Z 1970-01-05T00:00:00Z");
}

TEST(Calendar, day_whose_midnight_is_jumped_over_begins_at_the_jump) {
  // Brazil's clocks went from 00:00 to 01:00 on 2018-11-04.
  EXPECT_EQ(period("day", "America/Sao_Paulo", "2018-11-04T12:00:00Z"),
            "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z");
}

TEST(Calendar, day_whose_midnight_comes_twice_begins_at_the_first) {
  // Newfoundland's clocks went from 00:01 back to 23:01 on 2009-11-01.
  EXPECT_EQ(period("day", "America/St_Johns", "2009-11-01T12:00:00Z"),
            "2009-11-01T02:30:00Z 2009-11-02T03:30:00Z");
  // In the minute after the first midnight, and in the hour that shows the former day again.
  EXPECT_EQ(period("day", "America/St_Johns", "2009-11-01T02:30:30Z"),
            "2009-11-01T02:30:00Z 2009-11-02T03:30:00Z");
  EXPECT_EQ(period("day", "America/St_Johns", "2009-11-01T02:45:00Z"),
            "2009-11-01T02:30:00Z 2009-11-02T03:30:00Z");
}

TEST(Calendar, day_that_a_zone_skipped_has_no_period) {
  // Samoa had no 2011-12-30.
  EXPECT_EQ(period("day", "Pacific/Apia", "2011-12-30T09:59:59Z"),
            "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z");
  EXPECT_EQ(period("day", "Pacific/Apia", "2011-12-30T10:00:00Z"),
            "2011-12-30T10:00:00Z 2011-12-31T10:00:00Z");
}

TEST(Calendar, hours_follow_the_zones_own_minutes) {
  EXPECT_EQ(period("hour", "Asia/Kolkata", "2026-03-01T12:00:00Z"),
            "2026-03-01T11:30:00Z 2026-03-01T12:30:00Z");
  EXPECT_EQ(period("hour", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            "2026-10-25T00:00:00Z 2026-10-25T01:00:00Z");
  // Lord Howe shifts by half an hour.
  EXPECT_EQ(period("hour", "Australia/Lord_Howe", "2026-04-04T14:50:00Z"),
            "2026-04-04T14:00:00Z 2026-04-04T15:00:00Z");
  EXPECT_EQ(period("hour", "Australia/Lord_Howe", "2026-04-04T15:10:00Z"),
            "2026-04-04T15:00:00Z 2026-04-04T15:30:00Z");
}

TEST(Calendar, fixed_periods_count_from_the_epoch_in_any_zone) {
  EXPECT_EQ(period("15m", "Asia/Kolkata", "2026-03-01T12:14:59Z"),
            "2026-03-01T12:00:00Z 2026-03-01T12:15:00Z");
  EXPECT_EQ(period("5s", "UTC", "1969-12-31T23:59:59Z"),
            "1969-12-31T23:59:55Z 1970-01-01T00:00:00Z");
}

TEST(Calendar, starts_are_at_or_before_the_time) {
  EXPECT_EQ(*day_start("Europe/Berlin", at("2026-03-14T23:00:00Z")), at("2026-03-14T23:00:00Z"));
  EXPECT_EQ(*hour_start("UTC", at("2026-03-14T23:10:00Z")), at("2026-03-14T23:00:00Z"));
  EXPECT_EQ(*week_start("UTC", at("2026-03-14T23:10:00Z")), at("2026-03-09T00:00:00Z"));
  EXPECT_EQ(*month_start("UTC", at("2026-03-14T23:10:00Z")), at("2026-03-01T00:00:00Z"));
  EXPECT_EQ(*zone_offset_s("Asia/Kathmandu", 1'700'000'000'000'000), 20'700);
}

TEST(Calendar, consecutive_periods_meet_in_every_zone_and_hold_their_times) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> times(at("1970-01-01T00:00:00Z"),
                                                    at("2036-11-01T00:00:00Z"));
  const PeriodRule rules[] = {
      {Kind::month, 0s}, {Kind::week, 0s}, {Kind::day, 0s}, {Kind::hour, 0s}, {Kind::fixed, 7s}};
  for (const char* zone : {"UTC", "Europe/Berlin", "America/St_Johns", "America/Sao_Paulo",
                           "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tehran",
                           "Africa/Casablanca", "America/Havana", "Asia/Gaza", "Africa/Monrovia"}) {
    for (const PeriodRule& rule : rules) {
      for (int i = 0; i < 400; ++i) {
        const std::int64_t t = times(random);
        const TimeRange now = *period_containing(rule, zone, t);
        ASSERT_TRUE(now.contains(t)) << zone << " " << name_of(rule) << " " << format_rfc3339(t);
        ASSERT_EQ(*period_containing(rule, zone, now.from_us), now)
            << zone << " " << name_of(rule) << " " << shown(now);
        ASSERT_EQ(*period_containing(rule, zone, now.to_us - 1), now)
            << zone << " " << name_of(rule) << " " << shown(now);
        ASSERT_EQ(next_period(rule, zone, t)->from_us, now.to_us);
        ASSERT_EQ(previous_period(rule, zone, t)->to_us, now.from_us);
      }
    }
  }
}

TEST(Calendar, periods_meet_across_every_shift_of_the_clock) {
  // Minute by minute through the nights in which clocks shift.
  struct Night {
    const char* zone;
    const char* from;
  };
  for (const Night& night : {Night{"Europe/Berlin", "2026-03-28T12:00:00Z"},
                             Night{"Europe/Berlin", "2026-10-24T12:00:00Z"},
                             Night{"America/St_Johns", "2009-10-31T12:00:00Z"},
                             Night{"America/Sao_Paulo", "2018-11-03T12:00:00Z"},
                             Night{"America/Sao_Paulo", "2018-02-17T12:00:00Z"},
                             Night{"America/Havana", "2025-11-01T12:00:00Z"},
                             Night{"Australia/Lord_Howe", "2026-04-04T03:00:00Z"},
                             Night{"Australia/Lord_Howe", "2026-10-03T03:00:00Z"},
                             Night{"Pacific/Apia", "2011-12-29T22:00:00Z"}}) {
    for (Kind kind : {Kind::hour, Kind::day}) {
      TimeRange last = *period_containing({kind, 0s}, night.zone, at(night.from));
      for (int minute = 1; minute < 2880; ++minute) {
        const std::int64_t t = at(night.from) + minute * 60'000'000LL;
        const TimeRange now = *period_containing({kind, 0s}, night.zone, t);
        ASSERT_TRUE(now.contains(t)) << night.zone << " " << format_rfc3339(t);
        ASSERT_TRUE(now == last || now.from_us == last.to_us)
            << night.zone << " " << shown(last) << " then " << shown(now);
        last = now;
      }
    }
  }
}

TEST(Calendar, unknown_zone_is_named) {
  for (const char* zone : {"Mars/Olympus", "", "../etc/passwd", "europe/berlin"}) {
    const Status checked = check_zone(zone);
    ASSERT_FALSE(checked) << zone;
    EXPECT_EQ(checked.error().code, ErrorCode::invalid);
    EXPECT_NE(checked.error().what.find("'" + std::string(zone) + "'"), std::string::npos);
    EXPECT_FALSE(period_containing({Kind::fixed, 5s}, zone, 0));
  }
  EXPECT_TRUE(check_zone("Europe/Berlin"));
  EXPECT_TRUE(check_zone("UTC"));
}

TEST(Calendar, times_that_the_zone_files_do_not_cover_are_refused) {
  EXPECT_FALSE(period_containing({Kind::month, 0s}, "UTC", at("1899-12-31T23:59:59Z")));
  EXPECT_FALSE(period_containing({Kind::month, 0s}, "UTC", at("2037-01-01T00:00:00Z")));
  EXPECT_TRUE(period_containing({Kind::month, 0s}, "UTC", at("2036-12-31T23:59:59Z")));
}

TEST(PeriodRule, every_rule_is_read_back) {
  for (const char* text : {"month", "week", "day", "hour", "5s", "15m", "1h30m", "7d"}) {
    EXPECT_EQ(name_of(*parse_period_rule(text)), text);
  }
}

TEST(PeriodRule, what_is_no_period_is_refused) {
  for (const char* text : {"", "months", "Month", "0s", "999ms", "year", "-5s", "99999d"}) {
    EXPECT_FALSE(parse_period_rule(text)) << text;
  }
}

}  // namespace
}  // namespace weir
