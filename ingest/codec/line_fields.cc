#include "ingest/codec/line_fields.h"

#include "base/time.h"
#include "ingest/event/limits.h"
#include "ingest/event/request_batch.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <limits>

namespace weir {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kTimeShape = "00/AAA/0000:00:00:00 +0000";
constexpr std::size_t kMethodBytesMax = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether the text is written like kTimeShape: digits where it has 0, any letter where A.
bool has_time_shape(std::string_view text) {
  if (text.size() != kTimeShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char want = kTimeShape[i];
    bool fits = want == '0'   ? is_digit(text[i])
                : want == 'A' ? text[i] >= 'A' && text[i] <= 'z'
                : want == '+' ? text[i] == '+' || text[i] == '-'
                              : text[i] == want;
    if (!fits) return false;
  }
  return true;
}

int number_at(std::string_view text, std::size_t begin, std::size_t digits) {
  int value = 0;
  for (std::size_t i = begin; i < begin + digits; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// The character that `\c` stands for, 0 for none.
char plain_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::int64_t> parse_log_time(std::string_view text) {
  using namespace std::chrono;
  if (!has_time_shape(text)) return std::nullopt;
  auto name = std::find(kMonths.begin(), kMonths.end(), text.substr(3, 3));
  if (name == kMonths.end()) return std::nullopt;
  year_month_day date{year(number_at(text, 7, 4)),
                      month(static_cast<unsigned>(name - kMonths.begin()) + 1),
                      day(static_cast<unsigned>(number_at(text, 0, 2)))};
  int hours_of_day = number_at(text, 12, 2);
  int minutes_of_hour = number_at(text, 15, 2);
  int second = number_at(text, 18, 2);
  int zone_hours = number_at(text, 22, 2);
  int zone_minutes = number_at(text, 24, 2);
  bool good = date.ok() && hours_of_day < 24 && minutes_of_hour < 60 && second <= 60 &&
              zone_hours < 24 && zone_minutes < 60;
  if (!good) return std::nullopt;
  minutes zone = hours(zone_hours) + minutes(zone_minutes);
  if (text[21] == '-') zone = -zone;
  microseconds since = sys_days(date).time_since_epoch() + hours(hours_of_day) +
                       minutes(minutes_of_hour) + seconds(second) - zone;
  return since.count();
}

std::optional<std::int64_t> parse_digits(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::size_t point = text.find('.');
  std::optional<std::int64_t> whole = parse_digits(text.substr(0, point));
  constexpr std::int64_t kWholeMax = std::numeric_limits<std::int64_t>::max() / kMicrosPerSecond;
  if (!whole || *whole >= kWholeMax) return std::nullopt;
  std::int64_t micros = *whole * kMicrosPerSecond;
  if (point == text.npos) return micros;
  std::string_view decimals = text.substr(point + 1);
  if (decimals.empty() || !std::all_of(decimals.begin(), decimals.end(), is_digit)) {
    return std::nullopt;
  }
  std::int64_t scale = kMicrosPerSecond;
  for (char digit : decimals.substr(0, 6)) micros += (digit - '0') * (scale /= 10);
  return micros;
}

std::optional<std::int64_t> parse_seconds_list(std::string_view text) {
  std::int64_t sum = kAbsent;
  while (true) {
    std::size_t end = text.find_first_of(",:");
    std::string_view part = trimmed(text.substr(0, end));
    if (part != "-") {
      std::optional<std::int64_t> micros = parse_seconds(part);
      if (!micros || *micros > kUnitsMax) return std::nullopt;
      sum = std::max<std::int64_t>(sum, 0) + *micros;
    }
    if (end == text.npos) return sum;
    text.remove_prefix(end + 1);
  }
}

std::optional<RequestLine> parse_request_line(std::string_view text) {
  std::size_t first = text.find(' ');
  std::size_t last = text.rfind(' ');
  if (first == text.npos || first == last) return std::nullopt;
  RequestLine line{text.substr(0, first), text.substr(first + 1, last - first - 1)};
  std::string_view protocol = text.substr(last + 1);
  auto is_method_character = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; };
  bool good = !line.method.empty() && line.method.size() <= kMethodBytesMax &&
              std::all_of(line.method.begin(), line.method.end(), is_method_character) &&
              !line.target.empty() && protocol.starts_with("HTTP/") &&
              (protocol.size() == 6 || (protocol.size() == 8 && protocol[6] == '.')) &&
              is_digit(protocol[5]) && is_digit(protocol.back());
  return good ? std::optional(line) : std::nullopt;
}

bool unescape(std::string_view text, std::string& out) {
  out.clear();
  while (true) {
    std::size_t plain = text.find('\\');
    out.append(text.substr(0, plain));
    if (plain == text.npos) return true;
    text.remove_prefix(plain + 1);
    if (text.empty()) return false;
    if (text[0] == 'x' && text.size() >= 3 && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(text[1]) * 16 + hex_digit(text[2])));
      text.remove_prefix(3);
      continue;
    }
    char c = plain_escape(text[0]);
    if (c == 0) return false;
    out.push_back(c);
    text.remove_prefix(1);
  }
}

void truncate_address(std::string_view text, std::string& out) {
  out.clear();
  char name[INET6_ADDRSTRLEN + 1] = {};
  if (text.empty() || text.size() > INET6_ADDRSTRLEN) return;
  std::memcpy(name, text.data(), text.size());
  unsigned char bits[16];
  char shown[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET, name, bits) == 1) {
    bits[3] = 0;
    if (inet_ntop(AF_INET, bits, shown, sizeof(shown)) != nullptr) out.assign(shown);
  } else if (inet_pton(AF_INET6, name, bits) == 1) {
    std::fill(bits + 6, bits + 16, static_cast<unsigned char>(0));
    if (inet_ntop(AF_INET6, bits, shown, sizeof(shown)) != nullptr) out.assign(shown);
  }
}

}  // namespace weir
