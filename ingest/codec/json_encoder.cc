#include "ingest/codec/json_encoder.h"

#include "base/time.h"
#include "ingest/codec/json_text.h"

#include <charconv>
#include <simdjson.h>

namespace weir::json {
namespace {

void append_escaped(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  std::size_t plain = 0;  // begin of what is copied as it is
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    if (byte >= 0x20) {
      out.push_back('\\');
      out.push_back(text[i]);
    } else {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  out.append(text.substr(plain));
}

void append_integer(std::int64_t value, std::string& out) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, end);
}

// Members of an object, with the commas between them.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_.push_back('{'); }
  void end() { out_.push_back('}'); }
  void name(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    append_quoted(name, out_);
    out_.push_back(':');
  }
  void text(std::string_view field, std::string_view value) {
    if (value.empty()) return;
    name(field);
    append_quoted(value, out_);
  }
  void number(std::string_view field, std::int64_t value) {
    name(field);
    append_integer(value, out_);
  }
  void measure(std::string_view field, std::int64_t value) {
    if (value != kAbsent) number(field, value);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_quantities(const RequestRow& row, Members& members, std::string& out) {
  if (row.quantities.empty()) return;
  members.name("quantities");
  Members inner(out);
  for (const RequestRow::Quantity& quantity : row.quantities) {
    inner.number(quantity.name, quantity.value);
  }
  inner.end();
}

// What is the same in both shapes: everything but identity, time and subscription.
void append_rest(const RequestRow& row, Members& members, std::string& out) {
  members.number("units", row.units);
  append_quantities(row, members, out);
  members.text("api", row.api);
  members.text("route", row.route);
  members.text("method", row.method);
  if (row.status != 0) members.number("status", row.status);
  members.text("path", row.path);
  members.measure("latency_us", row.latency_us);
  members.measure("upstream_latency_us", row.upstream_latency_us);
  members.measure("request_bytes", row.request_bytes);
  members.measure("response_bytes", row.response_bytes);
  members.text("client", row.client);
  members.text("country", row.country);
  members.text("user_agent", row.user_agent);
  members.text("gateway", row.gateway);
  members.text("error", row.error);
  members.text("trace_id", row.trace_id);
}

}  // namespace

void append_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  if (simdjson::validate_utf8(text.data(), text.size())) {
    append_escaped(text, out);
  } else {
    std::string mended;
    mend_utf8(text, mended);
    append_escaped(mended, out);
  }
  out.push_back('"');
}

void append_event(const RequestRow& row, std::string& out) {
  Members members(out);
  members.text("tenant", row.tenant);
  members.text("source", row.source);
  members.text("id", row.id);
  members.text("time", format_rfc3339(row.time.value));
  members.text("subscription", row.subscription);
  append_rest(row, members, out);
  members.end();
}

void append_cloud_event(const RequestRow& row, std::string& out) {
  Members members(out);
  members.text("specversion", "1.0");
  members.text("type", "weir.request");
  members.text("source", row.source);
  members.text("id", row.id);
  members.text("subject", row.subscription);
  members.text("time", format_rfc3339(row.time.value));
  members.text("datacontenttype", "application/json");
  members.name("data");
  Members data(out);
  data.text("tenant", row.tenant);
  append_rest(row, data, out);
  data.end();
  members.end();
}

}  // namespace weir::json
