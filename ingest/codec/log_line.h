// Log lines → rows: Apache's and nginx's `combined` format, and nginx's JSON through a field mapping.
//
// A line is an event; its source and id come from the caller (the file's identity and the position
// in it), so that a line that is read twice is one event. A refused line gives a reason and the field:
//
//   combined    ADDR IDENT USER [DAY/MON/YEAR:HH:MM:SS ZONE] "REQUEST" STATUS BYTES "REFERER" "AGENT"
//               and, behind it, optionally the request time: seconds when it has a decimal point
//               (nginx $request_time), else microseconds (Apache %D). `-` is absent; \" \\ and \xHH
//               are escapes. Anything else on the line makes it malformed, and so does a REQUEST that
//               is not METHOD TARGET HTTP/x.y ("-", "", a TLS handshake): no API request was made.
//   nginx_json  one JSON object, written with `log_format … escape=json`; which member is which field
//               of the event is the mapping's to say. Numbers may be strings, as nginx writes them;
//               "" and "-" are absent. Seconds become microseconds without floating point.
//
// Bytes that are not UTF-8: raw ones in a combined line refuse it (bad_utf8; servers escape them, so
// the file is damaged); those that \xHH stands for, and raw ones in nginx_json's path, user agent and
// error, are what a client sent, and become U+FFFD. The client address is truncated to its /24 or /48.
// The path keeps its query; the route is its template.
//
// Threads: one decoder a thread. Nothing allocates a line once warm, rejections aside.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/event/limits.h"
#include "ingest/event/request_batch.h"
#include "ingest/event/route_template.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

enum class LineFormat { combined, nginx_json };

/// "combined" or "nginx_json"; error `invalid` for anything else.
Result<LineFormat> line_format_of(std::string_view name);

struct LineOptions {
  LineFormat format = LineFormat::combined;

  /// nginx_json: pairs (event field, members of the line's object, tried in order and joined by '|').
  /// Fields: time, path, method, request (a whole "METHOD TARGET HTTP/x.y"), status, latency_us and
  /// upstream_latency_us (both from seconds), request_bytes, response_bytes, client, country,
  /// user_agent, gateway, error, trace_id, api, tenant, subscription, units. Only what differs from
  /// default_line_fields() has to be given.
  std::vector<std::pair<std::string, std::string>> fields = {};

  /// combined: where a subscription is read from: "" (nowhere), "user" or "client".
  std::string subscription_from = {};
  /// Value → subscription. When not empty, a value that is not in it has the default.
  std::map<std::string, std::string, std::less<>> subscriptions = {};
  /// For lines that bear no subscription ("" or "-" or not in the map). Empty: analytics only.
  std::string default_subscription = {};
};

/// The mapping that fits deploy/nginx's log format and nginx's own variable names.
const std::vector<std::pair<std::string, std::string>>& default_line_fields();

/// Of one line.
struct LineContext {
  std::string_view
      tenant;  // "" when unknown: then lines with a subscription need the field `tenant`
  std::string_view source;
  std::string_view id;
  std::string_view api;      // for lines that do not say one
  std::string_view gateway;  // likewise
  EventTime latest;
  RouteTemplates* routes = nullptr;  // null: no route
  Sections sections = Sections::all;
};

class LineDecoder {
 public:
  /// Error `config`: an unknown field in the mapping, an unknown subscription_from.
  static Result<LineDecoder> make(LineOptions options, const IdentityKey& key);
  LineDecoder(LineDecoder&&) noexcept;
  LineDecoder& operator=(LineDecoder&&) noexcept;
  ~LineDecoder();

  /// `line` without its line end (a '\r' at the end is passed over). True: a row was appended.
  /// False: `why` says reason, field and detail (its row is left alone), and the batch is as before.
  bool decode_line(std::string_view line, const LineContext& context, RequestBatch& into,
                   Rejection& why);

 private:
  struct State;
  explicit LineDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
