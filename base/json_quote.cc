// json_quote, declared in base/log.h.
#include "base/log.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

/// Stands for itself.
bool is_plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

/// The length of the well-formed UTF-8 sequence at the front of `text` (Unicode, table 3-7: no
/// overlong forms, no surrogates, nothing beyond U+10FFFF), or 0.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const std::uint8_t a = at(0);
  const std::uint8_t b = at(1);
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF) return is_continuation(b) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF) {
    const bool second = is_continuation(b) && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F);
    return second && is_continuation(at(2)) ? 3 : 0;
  }
  if (a >= 0xF0 && a <= 0xF4) {
    const bool second = is_continuation(b) && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F);
    return second && is_continuation(at(2)) && is_continuation(at(3)) ? 4 : 0;
  }
  return 0;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
      } else {
        out += c;
      }
  }
}

}  // namespace

std::string json_quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out.push_back('"');
  if (std::all_of(text.begin(), text.end(), is_plain)) return out.append(text) += '"';
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 1) {
      append_ascii(out, text.front());
    } else if (length == 0) {
      out += kReplacement;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + "\"";
}

}  // namespace weir
