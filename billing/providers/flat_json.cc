#include "billing/providers/flat_json.h"

namespace weir {
namespace {

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0 | (code >> 6)));
    text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    text.push_back(static_cast<char>(0xE0 | (code >> 12)));
    text.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

/// Reads from the front of `rest`; every call says whether it could.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool take(char c) {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool string(std::string& into) {
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\') {
        into.push_back(c);
      } else if (!escape(into)) {
        return false;
      }
    }
    return false;
  }

  bool number(std::string& into) {
    if (take('-')) into.push_back('-');
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      into.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    return !into.empty() && into != "-";
  }

  bool value(std::string& into) {
    return (!rest_.empty() && rest_.front() == '"') ? string(into) : number(into);
  }

  bool at_end() const { return rest_.empty(); }

 private:
  /// One escape as json_quote writes them (the basic plane; it never writes surrogates).
  bool escape(std::string& into) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (const auto at = kNames.find(c); at != std::string_view::npos) {
      into.push_back(kMeant[at]);
      return true;
    }
    return c == 'u' && unicode(into);
  }

  bool unicode(std::string& into) {
    if (rest_.size() < 4) return false;
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const char c = rest_[static_cast<std::size_t>(i)];
      const auto digit = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == std::string_view::npos) return false;
      code = code * 16 + static_cast<unsigned>(digit);
    }
    rest_.remove_prefix(4);
    append_utf8(into, code);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

Result<std::map<std::string, std::string>> parse_flat_json(std::string_view line) {
  const Error wrong{ErrorCode::invalid, "is no flat JSON object of strings and whole numbers", ""};
  std::map<std::string, std::string> fields;
  Reader reader(line);
  if (!reader.take('{')) return wrong;
  if (!reader.take('}')) {
    do {
      std::string name;
      std::string value;
      if (!reader.string(name) || !reader.take(':') || !reader.value(value)) return wrong;
      if (!fields.emplace(std::move(name), std::move(value)).second) return wrong;
    } while (reader.take(','));
    if (!reader.take('}')) return wrong;
  }
  if (!reader.at_end()) return wrong;
  return fields;
}

}  // namespace weir
