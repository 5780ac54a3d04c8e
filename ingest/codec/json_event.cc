#include "ingest/codec/json_event.h"

#include "ingest/codec/json_text.h"
#include "ingest/event/check.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace weir::json {
namespace {

using Text = std::string_view RequestRow::*;
using Number = std::int64_t RequestRow::*;

enum class Kind { text, number, status, time, quantities };

struct Known {
  std::string_view name;
  Kind kind;
  Text text = nullptr;
  Number number = nullptr;
};

constexpr Known text_field(std::string_view name, Text member) {
  return {name, Kind::text, member, nullptr};
}
constexpr Known number_field(std::string_view name, Number member) {
  return {name, Kind::number, nullptr, member};
}

// In the order in which our own encoder writes them.
constexpr Known kKnown[] = {
    text_field("tenant", &RequestRow::tenant),
    text_field("source", &RequestRow::source),
    text_field("id", &RequestRow::id),
    {"time", Kind::time},
    text_field("subscription", &RequestRow::subscription),
    number_field("units", &RequestRow::units),
    {"quantities", Kind::quantities},
    text_field("api", &RequestRow::api),
    text_field("route", &RequestRow::route),
    text_field("method", &RequestRow::method),
    {"status", Kind::status},
    text_field("path", &RequestRow::path),
    number_field("latency_us", &RequestRow::latency_us),
    number_field("upstream_latency_us", &RequestRow::upstream_latency_us),
    number_field("request_bytes", &RequestRow::request_bytes),
    number_field("response_bytes", &RequestRow::response_bytes),
    text_field("client", &RequestRow::client),
    text_field("country", &RequestRow::country),
    text_field("user_agent", &RequestRow::user_agent),
    text_field("gateway", &RequestRow::gateway),
    text_field("error", &RequestRow::error),
    text_field("trace_id", &RequestRow::trace_id),
};

constexpr std::size_t kKeyBytesMax = 24;  // longer than any known name

Outcome refused(Rejection& why, std::string_view reason, std::string_view field,
                std::string_view detail) {
  refuse(why, reason, field, detail);
  return Outcome::refused;
}

Outcome check_marks(std::string_view text, std::string_view field, Rejection& why) {
  if (text.find(kBadUtf8Mark) != text.npos) {
    return refused(why, reason::kBadUtf8, field, "not valid UTF-8");
  }
  if (text.find(kControlMark) != text.npos) {
    return refused(why, reason::kControlCharacter, field, "holds a raw control character");
  }
  return Outcome::good;
}

bool is_integer_text(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_number_text(std::string_view token) {
  return token.find_first_not_of("0123456789+-.eE") == token.npos;
}

// A number that get_int64 would not have: too large, a fraction, or no number at all.
Outcome explain_number(ondemand::value& value, std::string_view field, Rejection& why) {
  std::string_view token = value.raw_json_token();
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  if (is_integer_text(token)) {
    return refused(why, reason::kOutOfRange, field, "beyond 64 bits");
  }
  if (is_number_text(token)) return refused(why, reason::kWrongType, field, "not an integer");
  return refused(why, reason::kMalformed, field, "not a number");
}

Outcome read_quantity(ondemand::field& field, bool marked, EventFields& event, std::size_t& count,
                      Rejection& why) {
  std::string_view name;
  if (key_of(field, name)) return refused(why, reason::kMalformed, "quantities", "a bad name");
  if (marked) {
    if (Outcome out = check_marks(name, "quantities", why); out != Outcome::good) return out;
  }
  std::optional<std::int64_t> number;
  Outcome out = read_integer(field.value(), "quantities", number, why);
  if (out != Outcome::good || !number) return out;
  auto end = event.quantities.begin() + static_cast<std::ptrdiff_t>(count);
  auto same = std::find_if(event.quantities.begin(), end,
                           [&](const RequestRow::Quantity& q) { return q.name == name; });
  if (same == end) {
    if (count == kQuantitiesMax) {
      return refused(why, reason::kTooLong, "quantities", "more than 8 quantities");
    }
    ++count;
  }
  *same = {name, *number};
  return Outcome::good;
}

Outcome read_quantities(ondemand::value& value, bool marked, EventFields& event, Rejection& why) {
  ondemand::json_type type;
  if (value.type().get(type)) return Outcome::broken;
  if (type == ondemand::json_type::null) return Outcome::good;
  if (type != ondemand::json_type::object) {
    return wrong_type(value, "quantities", "an object", why);
  }
  ondemand::object object;
  if (value.get_object().get(object)) return Outcome::broken;
  std::size_t count = 0;
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return Outcome::broken;
    Outcome out = read_quantity(field, marked, event, count, why);
    if (out != Outcome::good) return out;
  }
  event.row.quantities = {event.quantities.data(), count};
  return Outcome::good;
}

Outcome read_status(ondemand::value& value, EventFields& event, Rejection& why) {
  std::optional<std::int64_t> status;
  Outcome out = read_integer(value, "status", status, why);
  if (out != Outcome::good || !status) return out;
  if (!check_status(*status).empty()) {
    return refused(why, reason::kOutOfRange, "status", "neither 0 nor 100 to 999");
  }
  event.row.status = static_cast<std::uint16_t>(*status);
  return Outcome::good;
}

// In an event's text -1 is no way to say "absent": only leaving it out, or null, is.
Outcome read_number(const Known& known, ondemand::value& value, EventFields& event,
                    Rejection& why) {
  std::optional<std::int64_t> number;
  Outcome out = read_integer(value, known.name, number, why);
  if (out != Outcome::good || !number) return out;
  if (*number < 0) return refused(why, reason::kOutOfRange, known.name, "negative");
  event.row.*known.number = *number;
  return Outcome::good;
}

}  // namespace

Outcome wrong_type(ondemand::value& value, std::string_view field, std::string_view wanted,
                   Rejection& why) {
  ondemand::json_type type;
  if (value.type().get(type)) return Outcome::broken;
  refuse(why, reason::kWrongType, field, "wanted ");
  why.detail.append(wanted);
  return Outcome::refused;
}

Outcome read_text(ondemand::value& value, bool marked, std::string_view field,
                  std::string_view& into, Rejection& why) {
  ondemand::json_type type;
  if (value.type().get(type)) return Outcome::broken;
  if (type == ondemand::json_type::null) return Outcome::good;
  if (type != ondemand::json_type::string) return wrong_type(value, field, "a string", why);
  if (value.get_string().get(into)) {
    return refused(why, reason::kMalformed, field, "a bad escape in the string");
  }
  return marked ? check_marks(into, field, why) : Outcome::good;
}

Outcome read_integer(ondemand::value& value, std::string_view field,
                     std::optional<std::int64_t>& into, Rejection& why) {
  ondemand::json_type type;
  if (value.type().get(type)) return Outcome::broken;
  if (type == ondemand::json_type::null) return Outcome::good;
  if (type != ondemand::json_type::number) return wrong_type(value, field, "an integer", why);
  std::int64_t number = 0;
  if (value.get_int64().get(number)) return explain_number(value, field, why);
  into = number;
  return Outcome::good;
}

Outcome read_time(ondemand::value& value, bool marked, std::string_view field, EventTime& into,
                  bool& found, Rejection& why) {
  ondemand::json_type type;
  if (value.type().get(type)) return Outcome::broken;
  if (type == ondemand::json_type::null) return Outcome::good;
  if (type == ondemand::json_type::number) {
    std::optional<std::int64_t> micros;
    Outcome out = read_integer(value, field, micros, why);
    if (micros) into = EventTime(*micros);
    found = found || micros.has_value();
    return out;
  }
  if (type != ondemand::json_type::string) {
    return wrong_type(value, field, "RFC 3339 text or integer microseconds", why);
  }
  std::string_view text;
  if (Outcome out = read_text(value, marked, field, text, why); out != Outcome::good) return out;
  Result<std::int64_t> micros = parse_rfc3339(text);
  if (!micros) return refused(why, reason::kMalformed, field, "not an RFC 3339 time");
  into = EventTime(*micros);
  found = true;
  return Outcome::good;
}

simdjson::error_code key_of(ondemand::field& field, std::string_view& key) {
  const char* begin = field.key().raw();
  for (std::size_t length = 0; length <= kKeyBytesMax; ++length) {
    if (begin[length] == '\\') break;
    if (begin[length] == '"') {
      key = {begin, length};
      return simdjson::SUCCESS;
    }
  }
  return field.unescaped_key().get(key);
}

// The field that followed `previous` last time, if it is the one that is here: one comparison, and
// the key's end need not be looked for. The padding behind the text makes the bytes readable.
bool EventReader::is_expected(std::size_t previous, const ondemand::field& field) const {
  std::string_view name = kKnown[follower_[previous]].name;
  const char* key = field.key().raw();
  return std::memcmp(key, name.data(), name.size()) == 0 && key[name.size()] == '"';
}

std::size_t EventReader::field_of(std::size_t previous, std::string_view key) {
  for (std::size_t field = 0; field < std::size(kKnown); ++field) {
    if (kKnown[field].name == key) {
      follower_[previous] = static_cast<std::uint8_t>(field);
      return field;
    }
  }
  return kFields;
}

Outcome EventReader::read_field(std::size_t field, ondemand::value& value, bool marked,
                                EventFields& event, Rejection& why) {
  const Known& known = kKnown[field];
  switch (known.kind) {
    case Kind::text:
      return read_text(value, marked, known.name, event.row.*known.text, why);
    case Kind::number:
      return read_number(known, value, event, why);
    case Kind::status:
      return read_status(value, event, why);
    case Kind::time:
      return read_time(value, marked, known.name, event.row.time, event.has_time, why);
    case Kind::quantities:
      return read_quantities(value, marked, event, why);
  }
  return Outcome::broken;
}

Outcome EventReader::read(ondemand::object& object, bool marked, EventFields& event,
                          Rejection& why) {
  static_assert(std::size(kKnown) == kFields);
  std::size_t previous = kFields;
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return Outcome::broken;
    std::size_t found = follower_[previous];
    if (!is_expected(previous, field)) {
      std::string_view key;
      if (key_of(field, key)) return Outcome::broken;
      found = field_of(previous, key);
    }
    if (found == kFields) {
      ++event.unknown;
      continue;
    }
    previous = found;
    Outcome out = read_field(found, field.value(), marked, event, why);
    if (out != Outcome::good) return out;
  }
  return Outcome::good;
}

}  // namespace weir::json
