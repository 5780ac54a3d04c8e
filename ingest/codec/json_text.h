// What comes before a JSON parser: padding, and texts that are no JSON.
//
// simdjson reads a little beyond the end of its input, so a record is copied into a buffer with
// room behind it, which is used again and again.
//
// It also refuses a whole document for one invalid byte of UTF-8 or one raw control character, and
// with it the neighbours of the bad event. mark_bad_text() makes a copy that parses: each invalid
// byte becomes U+FFFE and each raw control character inside a string U+FFFF. These two are
// "noncharacters" that no text has a use for; a text of a marked document that holds one is refused
// by name of its field. Only documents that simdjson has refused go that way.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::json {

inline constexpr std::string_view kBadUtf8Mark = "\xEF\xBF\xBE";  // U+FFFE
inline constexpr std::string_view kControlMark = "\xEF\xBF\xBF";  // U+FFFF

class PaddedBuffer {
 public:
  /// A copy of `bytes`, valid until the next call, with spaces behind it as padding.
  std::string_view copy(std::string_view bytes);
  /// Bytes that may be read from the begin of a text that lies in the copy.
  std::size_t readable_from(const char* begin) const {
    return bytes_.size() - static_cast<std::size_t>(begin - bytes_.data());
  }

 private:
  std::vector<char> bytes_;
};

/// Replaces `out`.
void mark_bad_text(std::string_view json, std::string& out);

/// The length of the valid UTF-8 character at the begin of `text`, 0 if there is none.
std::size_t utf8_character(std::string_view text);

/// Replaces `out` by `text` with U+FFFD for each invalid byte.
void mend_utf8(std::string_view text, std::string& out);

}  // namespace weir::json
