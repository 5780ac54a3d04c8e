// The `combined` format, piece by piece from left to right.
#include "ingest/codec/json_text.h"
#include "ingest/codec/line_fields.h"
#include "ingest/codec/line_reader.h"
#include "ingest/event/check.h"

#include <simdjson.h>

namespace weir {
namespace {

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// The pieces of a line, still as they are written.
struct Pieces {
  std::string_view client, ident, user, time, request, status, bytes, referer, user_agent, duration;
};

class Cursor {
 public:
  Cursor(std::string_view line, Rejection& why) : rest_(line), why_(why) {}

  bool word(std::string_view field, std::string_view& into) {
    into = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(into.size());
    if (!into.empty()) return true;
    return rest_.empty() ? ends_early(field)
                         : refuse(why_, reason::kMalformed, field, "empty in a log line");
  }

  bool space(std::string_view next_field) {
    if (rest_.starts_with(' ')) {
      rest_.remove_prefix(1);
      return true;
    }
    if (rest_.empty()) return ends_early(next_field);
    return refuse(why_, reason::kMalformed, next_field, "no space before it");
  }

  bool bracketed(std::string_view field, std::string_view& into) {
    if (!opens('[', field)) return false;
    std::size_t end = rest_.find(']');
    if (end == rest_.npos) return ends_early(field);
    into = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool quoted(std::string_view field, std::string_view& into) {
    if (!opens('"', field)) return false;
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return ends_early(field);
    into = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  bool opens(char c, std::string_view field) {
    if (rest_.empty()) return ends_early(field);
    if (rest_[0] != c) return refuse(why_, reason::kMalformed, field, "not opened as it should be");
    rest_.remove_prefix(1);
    return true;
  }
  bool ends_early(std::string_view field) {
    return refuse(why_, reason::kTruncated, field, "the line ends early");
  }

  std::string_view rest_;
  Rejection& why_;
};

bool split(std::string_view line, Pieces& to, Rejection& why) {
  Cursor in(line, why);
  bool good = in.word("client", to.client) && in.space("ident") && in.word("ident", to.ident) &&
              in.space("user") && in.word("user", to.user) && in.space("time") &&
              in.bracketed("time", to.time) && in.space("request") &&
              in.quoted("request", to.request) && in.space("status") &&
              in.word("status", to.status) && in.space("response_bytes") &&
              in.word("response_bytes", to.bytes) && in.space("referer") &&
              in.quoted("referer", to.referer) && in.space("user_agent") &&
              in.quoted("user_agent", to.user_agent);
  if (!good) return false;
  if (in.at_end()) return true;
  if (!in.space("latency_us") || !in.word("latency_us", to.duration)) return false;
  return in.at_end() || refuse(why, reason::kMalformed, "line", "text behind the last field");
}

// Servers escape what is not printable: raw bytes mean that the file is damaged.
bool check_raw(const Pieces& pieces, Rejection& why) {
  const std::pair<std::string_view, std::string_view> named[] = {
      {"client", pieces.client},   {"ident", pieces.ident},     {"user", pieces.user},
      {"request", pieces.request}, {"referer", pieces.referer}, {"user_agent", pieces.user_agent},
  };
  for (const auto& [field, text] : named) {
    if (!is_utf8(text)) return refuse(why, reason::kBadUtf8, field, explain(reason::kBadUtf8));
    if (has_control_character(text)) {
      return refuse(why, reason::kControlCharacter, field, explain(reason::kControlCharacter));
    }
  }
  return true;
}

// A text of the client's, without its escapes. `keep` is its memory when it had any.
bool plain_text(std::string_view written, std::string_view field, LineFields& fields,
                std::string& keep, std::string_view& into, Rejection& why) {
  if (written == "-") return true;
  into = written;
  if (written.find('\\') == written.npos) return true;
  if (!unescape(written, fields.scratch)) {
    return refuse(why, reason::kMalformed, field, "an escape that is none");
  }
  json::mend_utf8(fields.scratch, keep);
  into = keep;
  return true;
}

bool read_request(std::string_view written, LineFields& fields, Rejection& why) {
  std::optional<RequestLine> request = parse_request_line(written);
  if (!request) return refuse(why, reason::kMalformed, "request", "not METHOD TARGET HTTP/x.y");
  fields.row.method = request->method;
  return plain_text(request->target, "request", fields, fields.path, fields.row.path, why);
}

bool read_numbers(const Pieces& pieces, LineFields& fields, Rejection& why) {
  RequestRow& row = fields.row;
  std::optional<std::int64_t> status = parse_digits(pieces.status);
  if (!status || pieces.status.size() != 3) {
    return refuse(why, reason::kMalformed, "status", "not three digits");
  }
  row.status = static_cast<std::uint16_t>(*status);
  std::optional<std::int64_t> bytes = parse_digits(pieces.bytes);
  if (pieces.bytes != "-" && !bytes) {
    return refuse(why, reason::kMalformed, "response_bytes", "neither digits nor -");
  }
  row.response_bytes = bytes.value_or(kAbsent);
  if (pieces.duration.empty() || pieces.duration == "-") return true;
  bool seconds = pieces.duration.find('.') != pieces.duration.npos;
  auto micros = seconds ? parse_seconds(pieces.duration) : parse_digits(pieces.duration);
  if (!micros) return refuse(why, reason::kMalformed, "latency_us", "no request time");
  row.latency_us = *micros;
  return true;
}

bool read_subscription(const Pieces& pieces, std::string_view from, LineFields& fields,
                       Rejection& why) {
  if (from == "client") fields.subscription = pieces.client;
  if (from != "user" || pieces.user == "-") return true;
  if (!unescape(pieces.user, fields.user)) {
    return refuse(why, reason::kMalformed, "user", "an escape that is none");
  }
  fields.subscription = fields.user;
  return is_utf8(fields.user) || refuse(why, reason::kBadUtf8, "user", explain(reason::kBadUtf8));
}

}  // namespace

bool read_combined(std::string_view line, std::string_view subscription_from, LineFields& fields,
                   Rejection& why) {
  Pieces pieces;
  if (!split(line, pieces, why) || !check_raw(pieces, why)) return false;
  std::optional<std::int64_t> time = parse_log_time(pieces.time);
  if (!time) return refuse(why, reason::kMalformed, "time", "not DAY/MON/YEAR:HH:MM:SS ZONE");
  fields.row.time = EventTime(*time);
  fields.has_time = true;
  fields.client = pieces.client;
  return read_request(pieces.request, fields, why) && read_numbers(pieces, fields, why) &&
         plain_text(pieces.user_agent, "user_agent", fields, fields.user_agent,
                    fields.row.user_agent, why) &&
         read_subscription(pieces, subscription_from, fields, why);
}

}  // namespace weir
