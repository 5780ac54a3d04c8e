#include "ingest/codec/json_text.h"

#include <algorithm>
#include <simdjson.h>

namespace weir::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct Lead {
  std::size_t length;
  unsigned char second_min, second_max;
};

// By RFC 3629's table: overlong forms, surrogates and what lies beyond U+10FFFF fall out by the
// range of the second byte.
Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

}  // namespace

std::string_view PaddedBuffer::copy(std::string_view bytes) {
  std::size_t needed = bytes.size() + simdjson::SIMDJSON_PADDING;
  if (bytes_.size() < needed) bytes_.resize(std::max(needed, bytes_.size() * 2));
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
  // What lies behind must not look like a bracket: simdjson peeks at it.
  std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(bytes.size()),
              simdjson::SIMDJSON_PADDING, ' ');
  return {bytes_.data(), bytes.size()};
}

std::size_t utf8_character(std::string_view text) {
  if (text.empty()) return 0;
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  Lead lead = lead_of(byte(0));
  if (lead.length <= 1) return lead.length;
  if (text.size() < lead.length) return 0;
  if (byte(1) < lead.second_min || byte(1) > lead.second_max) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return lead.length;
}

void mark_bad_text(std::string_view json, std::string& out) {
  out.clear();
  bool in_string = false;
  while (!json.empty()) {
    std::size_t length = utf8_character(json);
    if (length == 0) {
      out.append(kBadUtf8Mark);
      json.remove_prefix(1);
      continue;
    }
    char c = json[0];
    if (in_string && c == '\\' && json.size() > 1 && !is_control(json[1]) &&
        static_cast<unsigned char>(json[1]) < 0x80) {
      length = 2;  // an escaped quote ends nothing
    } else if (c == '"') {
      in_string = !in_string;
    }
    bool raw_control = is_control(c) && (in_string || (c != '\n' && c != '\r' && c != '\t'));
    out.append(raw_control ? kControlMark : json.substr(0, length));
    json.remove_prefix(length);
  }
}

void mend_utf8(std::string_view text, std::string& out) {
  out.clear();
  while (!text.empty()) {
    std::size_t length = utf8_character(text);
    out.append(length == 0 ? kReplacement : text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

}  // namespace weir::json
