#include "base/calendar.h"

#include "base/civil.h"

#include <algorithm>
#include <date/tz.h>
#include <exception>
#include <fmt/format.h>

namespace weir {
namespace {

using Kind = PeriodRule::Kind;
using SysSeconds = date::sys_seconds;

constexpr std::int64_t kHourUs = 3600 * kMicrosPerSecond;
// The system's zone files list their shifts up to 2037; behind that summer time would be lost.
constexpr std::int64_t kLeastUs = days_of_civil({1900, 1, 1}) * kMicrosPerDay;
constexpr std::int64_t kMostUs = days_of_civil({2037, 1, 1}) * kMicrosPerDay;

Result<const date::time_zone*> find_zone(std::string_view zone) {
  try {
    return date::locate_zone(zone);
  } catch (const std::exception&) {
    return Error{ErrorCode::invalid,
                 fmt::format("'{}' is not a time zone of this system", zone.substr(0, 64)),
                 "use an IANA name like Europe/Berlin or UTC; the package tzdata holds them"};
  }
}

Status check_range(std::int64_t t_us) {
  if (kLeastUs <= t_us && t_us < kMostUs) return {};
  return Error{ErrorCode::invalid,
               fmt::format("the time {} is outside the calendar", format_rfc3339(t_us)),
               "use a time from 1900 to 2036"};
}

std::int64_t micros_of(SysSeconds t) { return t.time_since_epoch().count() * kMicrosPerSecond; }

/// Seconds since the epoch, as the wall clock of the zone counts them.
struct LocalDay {
  std::int64_t days;  // since 1970-01-01
};

/// The first moment of a local day: the earlier one of two, or the jump that leaps over midnight.
std::int64_t start_of(const date::time_zone& zone, LocalDay day) {
  const date::local_seconds midnight{std::chrono::seconds(day.days * 86'400)};
  const date::local_info info = zone.get_info(midnight);
  if (info.result == date::local_info::nonexistent) return micros_of(info.first.end);
  return micros_of(SysSeconds(midnight.time_since_epoch() - info.first.offset));
}

LocalDay day_at(const date::time_zone& zone, std::int64_t t_us) {
  const std::int64_t second = floor_divide(t_us, kMicrosPerSecond);
  const auto offset = zone.get_info(SysSeconds(std::chrono::seconds(second))).offset.count();
  return {floor_divide(second + offset, 86'400)};
}

/// The first day of the period that holds `day`, moved on by `steps` periods.
LocalDay first_day(Kind kind, LocalDay day, int steps) {
  if (kind == Kind::day) return {day.days + steps};
  if (kind == Kind::week) {
    const std::int64_t since_monday = floor_modulus(day.days + 3, 7);  // 1970-01-01: a Thursday
    return {day.days - since_monday + 7 * steps};
  }
  const CivilDate date = civil_of_days(day.days);
  const std::int64_t months = date.year * 12 + date.month - 1 + steps;
  return {days_of_civil(
      {floor_divide(months, 12), static_cast<int>(floor_modulus(months, 12)) + 1, 1})};
}

TimeRange whole_days(const date::time_zone& zone, Kind kind, std::int64_t t_us) {
  const LocalDay day = day_at(zone, t_us);
  // Clocks set back across midnight show the former day again after the new one has begun: then the
  // wall clock names a period that is over already.
  int step = 0;
  while (start_of(zone, first_day(kind, day, step + 1)) <= t_us) ++step;
  while (start_of(zone, first_day(kind, day, step)) > t_us) --step;
  return {start_of(zone, first_day(kind, day, step)),
          start_of(zone, first_day(kind, day, step + 1))};
}

/// Whole hours of the wall clock; a shift of the clock that is no whole hour ends one early.
TimeRange local_hour(const date::time_zone& zone, std::int64_t t_us) {
  const SysSeconds second{std::chrono::seconds(floor_divide(t_us, kMicrosPerSecond))};
  const date::sys_info info = zone.get_info(second);
  const std::int64_t offset_us = info.offset.count() * kMicrosPerSecond;
  TimeRange hour;
  hour.from_us = floor_divide(t_us + offset_us, kHourUs) * kHourUs - offset_us;
  hour.to_us = hour.from_us + kHourUs;
  if (SysSeconds(std::chrono::seconds(hour.from_us / kMicrosPerSecond)) < info.begin) {
    const auto before = zone.get_info(info.begin - std::chrono::seconds(1));
    if (before.offset != info.offset) hour.from_us = micros_of(info.begin);
  }
  if (SysSeconds(std::chrono::seconds(hour.to_us / kMicrosPerSecond)) > info.end) {
    if (zone.get_info(info.end).offset != info.offset) hour.to_us = micros_of(info.end);
  }
  return hour;
}

TimeRange fixed(Micros length, std::int64_t t_us) {
  const std::int64_t from = floor_divide(t_us, length.count()) * length.count();
  return {from, from + length.count()};
}

Result<std::int64_t> start_at_or_before(Kind kind, std::string_view zone, std::int64_t t_us) {
  Result<TimeRange> period = period_containing({kind, Micros{0}}, zone, t_us);
  if (!period) return period.error();
  return period->from_us;
}

}  // namespace

Result<PeriodRule> parse_period_rule(std::string_view text) {
  if (text == "month") return PeriodRule{Kind::month, Micros{0}};
  if (text == "week") return PeriodRule{Kind::week, Micros{0}};
  if (text == "day") return PeriodRule{Kind::day, Micros{0}};
  if (text == "hour") return PeriodRule{Kind::hour, Micros{0}};
  const Result<Micros> length = parse_duration(text);
  if (length && *length >= std::chrono::seconds(1) && *length <= std::chrono::hours(24 * 3660)) {
    return PeriodRule{Kind::fixed, *length};
  }
  return Error{ErrorCode::invalid, fmt::format("'{}' is not a period", text.substr(0, 64)),
               "write month, week, day, hour or a duration of 1s to ten years, like 15m"};
}

std::string name_of(const PeriodRule& rule) {
  switch (rule.kind) {
    case Kind::month:
      return "month";
    case Kind::day:
      return "day";
    case Kind::week:
      return "week";
    case Kind::hour:
      return "hour";
    case Kind::fixed:
      break;
  }
  return format_duration(rule.length);
}

Status check_zone(std::string_view zone) {
  const auto found = find_zone(zone);
  return found ? Status() : Status(found.error());
}

Result<std::int64_t> hour_start(std::string_view zone, std::int64_t t_us) {
  return start_at_or_before(Kind::hour, zone, t_us);
}
Result<std::int64_t> day_start(std::string_view zone, std::int64_t t_us) {
  return start_at_or_before(Kind::day, zone, t_us);
}
Result<std::int64_t> week_start(std::string_view zone, std::int64_t t_us) {
  return start_at_or_before(Kind::week, zone, t_us);
}
Result<std::int64_t> month_start(std::string_view zone, std::int64_t t_us) {
  return start_at_or_before(Kind::month, zone, t_us);
}

Result<TimeRange> period_containing(PeriodRule rule, std::string_view zone, std::int64_t t_us) {
  WEIR_TRY(check_range(t_us));
  const auto found = find_zone(zone);
  if (!found) return found.error();
  if (rule.kind == Kind::fixed) {
    WEIR_CHECK(rule.length.count() > 0);
    return fixed(rule.length, t_us);
  }
  try {
    return rule.kind == Kind::hour ? local_hour(**found, t_us)
                                   : whole_days(**found, rule.kind, t_us);
  } catch (const std::exception& e) {  // the zone's file is read at its first use
    return Error{ErrorCode::invalid, fmt::format("time zone '{}': {}", zone, e.what()),
                 "install the package tzdata anew"};
  }
}

Result<TimeRange> next_period(PeriodRule rule, std::string_view zone, std::int64_t t_us) {
  Result<TimeRange> now = period_containing(rule, zone, t_us);
  if (!now) return now;
  return period_containing(rule, zone, now->to_us);
}

Result<TimeRange> previous_period(PeriodRule rule, std::string_view zone, std::int64_t t_us) {
  Result<TimeRange> now = period_containing(rule, zone, t_us);
  if (!now) return now;
  return period_containing(rule, zone, now->from_us - 1);
}

Result<std::int64_t> zone_offset_s(std::string_view zone, std::int64_t t_us) {
  WEIR_TRY(check_range(t_us));
  const auto found = find_zone(zone);
  if (!found) return found.error();
  const SysSeconds second{std::chrono::seconds(floor_divide(t_us, kMicrosPerSecond))};
  return static_cast<std::int64_t>((*found)->get_info(second).offset.count());
}

}  // namespace weir
