// Calendar periods in IANA time zones, over Howard Hinnant's date library with the system's zone
// files. Its types stop in calendar.cc.
//
// All times are microseconds since the Unix epoch, UTC; all ranges are half-open [from, to). A
// period of kind month, week (from Monday), day or hour begins at that local wall time in the zone.
// Where the clocks jump over the beginning, the period begins at the jump; where it occurs twice,
// at the first. So consecutive periods always meet: to of one is from of the next. A local hour is
// 60 minutes in real time except round a shift that is no whole hour.
// A fixed period has its own length and is counted from the Unix epoch in UTC; the zone is then
// checked but decides nothing.
//
//   Result<PeriodRule> rule = parse_period_rule("month");
//   Result<TimeRange> march = period_containing(*rule, "Europe/Berlin", now_us);
//
// Errors: `invalid`, naming the zone or the text; so are times outside 1900 to 2036, which
// is what the zone files cover. Threads: any. No call touches the disk after the first look at a
// zone.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Half-open, in microseconds since the epoch.
struct TimeRange {
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;

  bool contains(std::int64_t t_us) const { return from_us <= t_us && t_us < to_us; }
  bool operator==(const TimeRange&) const = default;
};

struct PeriodRule {
  enum class Kind { month, day, week, hour, fixed };
  Kind kind = Kind::month;
  Micros length{0};  // of kind fixed alone; else 0

  bool operator==(const PeriodRule&) const = default;
};

/// "month", "week", "day", "hour", or a duration of at least 1 s ("5s", "15m").
Result<PeriodRule> parse_period_rule(std::string_view text);
/// What parse_period_rule reads back.
std::string name_of(const PeriodRule& rule);

/// Success when the system knows the zone ("Europe/Berlin", "UTC").
Status check_zone(std::string_view zone);

/// The start of the local hour, day, week (Monday) or month at or before `t_us`.
Result<std::int64_t> hour_start(std::string_view zone, std::int64_t t_us);
Result<std::int64_t> day_start(std::string_view zone, std::int64_t t_us);
Result<std::int64_t> week_start(std::string_view zone, std::int64_t t_us);
Result<std::int64_t> month_start(std::string_view zone, std::int64_t t_us);

/// The period with from <= t_us < to.
Result<TimeRange> period_containing(PeriodRule rule, std::string_view zone, std::int64_t t_us);
/// The one after period_containing(t_us).
Result<TimeRange> next_period(PeriodRule rule, std::string_view zone, std::int64_t t_us);
/// The one before period_containing(t_us).
Result<TimeRange> previous_period(PeriodRule rule, std::string_view zone, std::int64_t t_us);

/// "+01:00" east of Greenwich at that moment, in seconds.
Result<std::int64_t> zone_offset_s(std::string_view zone, std::int64_t t_us);

}  // namespace weir
