#include "ingest/codec/nginx_json_line.h"

#include "ingest/codec/json_event.h"
#include "ingest/codec/line_fields.h"
#include "ingest/event/check.h"

#include <algorithm>
#include <limits>

namespace weir {

namespace ondemand = simdjson::ondemand;

const std::array<std::string_view, NginxJsonReader::kFields> NginxJsonReader::kNames = {
    "time",
    "request",
    "method",
    "path",
    "status",
    "latency_us",
    "upstream_latency_us",
    "request_bytes",
    "response_bytes",
    "client",
    "country",
    "user_agent",
    "gateway",
    "error",
    "trace_id",
    "api",
    "tenant",
    "subscription",
    "units"};

const std::vector<std::pair<std::string, std::string>>& default_line_fields() {
  static const std::vector<std::pair<std::string, std::string>> fields = {
      {"time", "time_iso8601|time|msec|time_local"},
      {"request", "request"},
      {"method", "request_method|method"},
      {"path", "request_uri|path|uri"},
      {"status", "status"},
      {"latency_us", "request_time"},
      {"upstream_latency_us", "upstream_response_time"},
      {"request_bytes", "request_length"},
      {"response_bytes", "bytes_sent|body_bytes_sent"},
      {"client", "remote_addr"},
      {"country", "country|geoip_country_code"},
      {"user_agent", "http_user_agent"},
      {"gateway", "gateway|hostname"},
      {"error", "error"},
      {"trace_id", "trace_id|request_id"},
      {"api", "api"},
      {"tenant", "tenant"},
      {"subscription", "subscription"},
      {"units", "units"},
  };
  return fields;
}

Result<std::unique_ptr<NginxJsonReader>> NginxJsonReader::make(
    const std::vector<std::pair<std::string, std::string>>& fields) {
  auto chosen = default_line_fields();
  std::string faults;
  for (const auto& [field, members] : fields) {
    auto known = std::find_if(chosen.begin(), chosen.end(),
                              [&](const auto& entry) { return entry.first == field; });
    if (known != chosen.end()) {
      known->second = members;
    } else {
      faults.append(faults.empty() ? "" : ", ").append(field);
    }
  }
  if (!faults.empty()) {
    return Error{ErrorCode::config, "the field mapping names unknown fields: " + faults,
                 "known are those of the event, and request"};
  }
  auto reader = std::make_unique<NginxJsonReader>();
  for (const auto& [field, members] : chosen) {
    auto index = std::find(kNames.begin(), kNames.end(), field) - kNames.begin();
    std::string_view rest = members;
    for (std::size_t choice = 0; !rest.empty(); ++choice) {
      std::string_view name = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      reader->members_.push_back({std::string(name), static_cast<Field>(index), choice});
    }
  }
  return reader;
}

bool NginxJsonReader::read(std::string_view line, LineFields& fields, Rejection& why) {
  values_.fill(Value{});
  if (!read_members(line, why)) return false;
  if (marked_ && !settle_marks(why)) return false;
  settle_texts(fields);
  return settle_request(fields, why) && settle_time(fields, why) && settle_numbers(fields, why);
}

bool NginxJsonReader::read_members(std::string_view line, Rejection& why) {
  auto not_json = [&] { return refuse(why, reason::kMalformed, "line", "not one JSON object"); };
  ondemand::document document;
  auto iterate = [&](std::string_view text) {
    text = buffer_.copy(text);
    return parser_.iterate(text.data(), text.size(), buffer_.readable_from(text.data()))
        .get(document);
  };
  simdjson::error_code error = iterate(line);
  marked_ = error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS;
  if (marked_) {
    json::mark_bad_text(line, marked_line_);
    error = iterate(marked_line_);
  }
  ondemand::object object;
  if (error || document.get_object().get(object)) return not_json();
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return not_json();
    if (!read_member(field, why)) return false;
  }
  bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return at_end || not_json();
}

bool NginxJsonReader::read_member(ondemand::field& field, Rejection& why) {
  std::string_view name;
  if (json::key_of(field, name)) return refuse(why, reason::kMalformed, "line", "a bad name");
  std::string_view text;
  bool read = false;
  for (const Member& member : members_) {
    if (member.name != name) continue;
    if (!read) {
      ondemand::json_type type;
      ondemand::value value = field.value();
      if (value.type().get(type)) return refuse(why, reason::kMalformed, "line", "not JSON");
      if (type == ondemand::json_type::string) {
        if (value.get_string().get(text)) {
          return refuse(why, reason::kMalformed, kNames[member.field], "a bad escape");
        }
      } else if (type == ondemand::json_type::number) {
        text = value.raw_json_token();
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
      } else if (type != ondemand::json_type::null) {
        return not_a("a string or a number", member.field, why);
      }
      read = true;
    }
    Value& value = values_[member.field];
    value.seen = true;
    if (text.empty() || text == "-" || member.choice > value.choice) continue;
    value.text = text;
    value.choice = member.choice;
  }
  return true;
}

// What a client may send as it likes is mended; where a name is needed, a damaged one is no name.
bool NginxJsonReader::settle_marks(Rejection& why) {
  for (std::size_t field = 0; field < kFields; ++field) {
    Value& value = values_[field];
    if (value.text.find(json::kControlMark) != value.text.npos) {
      return refuse(why, reason::kControlCharacter, kNames[field],
                    explain(reason::kControlCharacter));
    }
    std::size_t mark = value.text.find(json::kBadUtf8Mark);
    if (mark == value.text.npos) continue;
    bool path = field == kPath || field == kRequest;
    if (!path && field != kUserAgent && field != kError) {
      return refuse(why, reason::kBadUtf8, kNames[field], explain(reason::kBadUtf8));
    }
    std::string& mended = mended_[path ? 0 : field == kUserAgent ? 1 : 2];
    mended.assign(value.text);
    for (; mark != mended.npos; mark = mended.find(json::kBadUtf8Mark, mark)) {
      mended[mark + 2] = '\xBD';  // U+FFFE → U+FFFD
    }
    value.text = mended;
  }
  return true;
}

void NginxJsonReader::settle_texts(LineFields& fields) {
  fields.client = values_[kClient].text;
  fields.subscription = values_[kSubscription].text;
  fields.row.country = values_[kCountry].text;
  fields.row.user_agent = values_[kUserAgent].text;
  fields.row.gateway = values_[kGateway].text;
  fields.row.error = values_[kError].text;
  fields.row.trace_id = values_[kTraceId].text;
  fields.row.api = values_[kApi].text;
  fields.row.tenant = values_[kTenant].text;
  fields.row.method = values_[kMethod].text;
  fields.row.path = values_[kPath].text;
}

// A line that would say the request and says none: no API request was made.
bool NginxJsonReader::settle_request(LineFields& fields, Rejection& why) {
  bool named = values_[kRequest].seen || values_[kMethod].seen || values_[kPath].seen;
  if (!fields.row.path.empty() || !fields.row.method.empty() || !named) return true;
  std::optional<RequestLine> request = parse_request_line(values_[kRequest].text);
  if (!request) return not_a("METHOD TARGET HTTP/x.y", kRequest, why);
  fields.row.method = request->method;
  fields.row.path = request->target;
  return true;
}

bool NginxJsonReader::settle_time(LineFields& fields, Rejection& why) {
  std::string_view text = values_[kTime].text;
  if (text.empty()) return true;  // refused as missing, like any event's
  std::optional<std::int64_t> micros;
  if (text.find('T') != text.npos) {
    Result<std::int64_t> parsed = parse_rfc3339(text);
    if (parsed) micros = *parsed;
  } else if (text.find('/') != text.npos) {
    micros = parse_log_time(text);
  } else {
    micros = parse_seconds(text);
  }
  if (!micros) return not_a("a time", kTime, why);
  fields.row.time = EventTime(*micros);
  fields.has_time = true;
  return true;
}

bool NginxJsonReader::settle_numbers(LineFields& fields, Rejection& why) {
  RequestRow& row = fields.row;
  std::int64_t status = 0;
  bool good = digits(kStatus, status, why) && digits(kUnits, row.units, why) &&
              digits(kRequestBytes, row.request_bytes, why) &&
              digits(kResponseBytes, row.response_bytes, why) &&
              seconds(kLatency, row.latency_us, why) &&
              seconds(kUpstreamLatency, row.upstream_latency_us, why);
  if (!good) return false;
  if (!check_status(status).empty()) {
    return refuse(why, reason::kOutOfRange, "status", explain(reason::kOutOfRange));
  }
  row.status = static_cast<std::uint16_t>(status);
  return true;
}

bool NginxJsonReader::digits(Field field, std::int64_t& into, Rejection& why) {
  std::string_view text = values_[field].text;
  if (text.empty()) return true;
  std::optional<std::int64_t> number = parse_digits(text);
  if (!number) return not_a("a whole number", field, why);
  into = *number;
  return true;
}

bool NginxJsonReader::seconds(Field field, std::int64_t& into, Rejection& why) {
  std::string_view text = values_[field].text;
  if (text.empty()) return true;
  std::optional<std::int64_t> micros = parse_seconds_list(text);
  if (!micros) return not_a("seconds", field, why);
  into = *micros;
  return true;
}

bool NginxJsonReader::not_a(std::string_view wanted, Field field, Rejection& why) {
  refuse(why, reason::kMalformed, kNames[field], "wanted ");
  why.detail.append(wanted);
  return false;
}

}  // namespace weir
