// Durations as text; declared in base/time.h.
#include "base/time.h"

#include <array>
#include <cstdint>
#include <fmt/format.h>

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::string_view humane;
  std::int64_t micros;
};
// Largest first: what is written is taken greedily.
constexpr std::array<Unit, 6> kUnits = {{{"d", "d", 86'400'000'000},
                                         {"h", "h", 3'600'000'000},
                                         {"m", "min", 60'000'000},
                                         {"s", "s", 1'000'000},
                                         {"ms", "ms", 1'000},
                                         {"us", "µs", 1}}};

const Unit* unit_named(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

Error not_a_duration(std::string_view text) {
  return Error{ErrorCode::invalid, fmt::format("'{}' is not a duration", text.substr(0, 64)),
               "write whole numbers with the units d, h, m, s, ms, us, like 1h30m or 250ms"};
}

std::size_t count_while(std::string_view text, bool (*wanted)(char)) {
  std::size_t n = 0;
  while (n < text.size() && wanted(text[n])) ++n;
  return n;
}

/// Takes "<number><unit>" off the front of `rest` and adds it; false when it is none or overflows.
bool take_term(std::string_view& rest, std::int64_t& total) {
  const std::size_t digits = count_while(rest, [](char c) { return c >= '0' && c <= '9'; });
  std::int64_t number = 0;
  for (char c : rest.substr(0, digits)) {
    if (__builtin_mul_overflow(number, 10, &number)) return false;
    if (__builtin_add_overflow(number, c - '0', &number)) return false;
  }
  rest.remove_prefix(digits);
  const std::size_t letters = count_while(rest, [](char c) { return c >= 'a' && c <= 'z'; });
  const Unit* unit = unit_named(rest.substr(0, letters));
  rest.remove_prefix(letters);
  std::int64_t term = 0;
  if (digits == 0 || unit == nullptr) return false;
  if (__builtin_mul_overflow(number, unit->micros, &term)) return false;
  return !__builtin_add_overflow(total, term, &total);
}

}  // namespace

Result<Micros> parse_duration(std::string_view text) {
  if (text.empty()) return not_a_duration(text);
  std::int64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    if (!take_term(rest, total)) return not_a_duration(text);
  }
  return Micros(total);
}

std::string format_duration(Micros duration) {
  std::string out;
  std::int64_t rest = duration.count();
  if (rest < 0) {
    out = "-";
    rest = -rest;
  }
  for (const Unit& unit : kUnits) {
    if (rest >= unit.micros) out += fmt::format("{}{}", rest / unit.micros, unit.name);
    rest %= unit.micros;
  }
  return duration.count() == 0 ? "0s" : out;
}

std::string humane_duration(Micros duration) {
  std::int64_t rest = duration.count();
  const std::string sign = rest < 0 ? "-" : "";
  if (rest < 0) rest = -rest;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t count = rest / kUnits[i].micros;
    if (count == 0) continue;
    std::string out = fmt::format("{}{} {}", sign, count, kUnits[i].humane);
    if (i + 1 == kUnits.size()) return out;
    const std::int64_t next = rest % kUnits[i].micros / kUnits[i + 1].micros;
    if (next > 0) out += fmt::format(" {} {}", next, kUnits[i + 1].humane);
    return out;
  }
  return "0 s";
}

}  // namespace weir
