#include "base/time.h"

#include "base/civil.h"

#include <fmt/format.h>

namespace weir {
namespace {

/// Takes digits and signs off the front of a text; any failure sticks.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (at_ >= text_.size() || !is_digit(text_[at_])) {
        good_ = false;
        return 0;
      }
      value = value * 10 + (text_[at_++] - '0');
    }
    return value;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) { good_ = take(c) && good_; }
  void expect_date_time_separator() { good_ = (take('T') || take('t') || take(' ')) && good_; }

  /// One or more digits as microseconds, cut after the sixth.
  int fraction_us() {
    int value = 0;
    int scale = 100'000;
    const std::size_t start = at_;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      value += (text_[at_] - '0') * scale;
      scale /= 10;
    }
    good_ = at_ > start && good_;
    return value;
  }
  bool good() const { return good_; }
  bool at_end() const { return good_ && at_ == text_.size(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string_view text_;
  std::size_t at_ = 0;
  bool good_ = true;
};

Error not_a_time(std::string_view text) {
  return Error{ErrorCode::invalid, fmt::format("'{}' is not an RFC 3339 time", text.substr(0, 64)),
               "write it like 2026-03-01T12:00:00Z"};
}

/// Minutes east of Greenwich; nothing when the text has another form.
bool read_offset(Scanner& scan, int& minutes) {
  minutes = 0;
  if (scan.take('Z') || scan.take('z')) return true;
  const bool east = scan.take('+');
  if (!east && !scan.take('-')) return false;
  const int hour = scan.digits(2);
  scan.expect(':');
  const int minute = scan.digits(2);
  if (hour > 23 || minute > 59) return false;
  minutes = (hour * 60 + minute) * (east ? 1 : -1);
  return true;
}

}  // namespace

std::string format_rfc3339(std::int64_t micros) {
  const std::int64_t days = floor_divide(micros, kMicrosPerDay);
  const std::int64_t of_day = micros - days * kMicrosPerDay;
  const CivilDate date = civil_of_days(days);
  const std::int64_t second = of_day / kMicrosPerSecond;
  fmt::memory_buffer out;
  fmt::format_to(fmt::appender(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", date.year, date.month,
                 date.day, second / 3600, second / 60 % 60, second % 60);
  if (std::int64_t fraction = of_day % kMicrosPerSecond; fraction != 0) {
    int width = 6;
    for (; fraction % 10 == 0; fraction /= 10) --width;
    fmt::format_to(fmt::appender(out), ".{:0{}}", fraction, width);
  }
  out.push_back('Z');
  return fmt::to_string(out);
}

Result<std::int64_t> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  CivilDate date;
  date.year = scan.digits(4);
  scan.expect('-');
  date.month = scan.digits(2);
  scan.expect('-');
  date.day = scan.digits(2);
  scan.expect_date_time_separator();
  const int hour = scan.digits(2);
  scan.expect(':');
  const int minute = scan.digits(2);
  scan.expect(':');
  const int second = scan.digits(2);
  const int fraction = scan.take('.') ? scan.fraction_us() : 0;
  int offset_minutes = 0;
  if (!scan.good() || !read_offset(scan, offset_minutes) || !scan.at_end()) return not_a_time(text);
  if (!is_valid(date) || hour > 23 || minute > 59 || second > 60) return not_a_time(text);

  const std::int64_t minutes = days_of_civil(date) * 1440 + hour * 60 + minute - offset_minutes;
  // A leap second stands only at the end of a UTC day; it is read as the next day's first.
  if (second == 60 && floor_modulus(minutes, 1440) != 1439) return not_a_time(text);
  if (second == 60) return (minutes + 1) * 60 * kMicrosPerSecond;
  return (minutes * 60 + second) * kMicrosPerSecond + fraction;
}

Clock& system_clock() {
  class SystemClock : public Clock {
   public:
    WallTime now() override {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      return WallTime(std::chrono::duration_cast<Micros>(now).count());
    }
    std::chrono::steady_clock::time_point steady_now() override {
      return std::chrono::steady_clock::now();
    }
  };
  static SystemClock clock;
  return clock;
}

}  // namespace weir
