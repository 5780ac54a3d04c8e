// HTTP requests and answers as plain values. Beast's types stop in base/http.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

struct HttpRequest {
  std::string method;                          // upper case
  std::string path;                            // decoded, without the query
  std::map<std::string, std::string> query;    // decoded; the last of equal names wins
  std::map<std::string, std::string> params;   // what the route's {names} matched, decoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string request_id;   // taken over from x-request-id, or made
  std::string traceparent;  // as it came, or made
  std::string tenant;       // of the API key; empty on routes that need none

  std::string_view header(const std::string& lower_name) const {
    auto it = headers.find(lower_name);
    return it == headers.end() ? std::string_view{} : std::string_view(it->second);
  }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  static HttpResponse json(int status, std::string body);
};

/// RFC 9457. `type` is stable and relative: "/problems/too-large". `detail` says what to do.
HttpResponse problem(int status, std::string_view type, std::string_view title,
                     std::string_view detail);
/// The answer that fits an error: invalid 400, not_found 404, conflict 409, full and unavailable
/// 503 with Retry-After, denied 403, all else 500.
HttpResponse problem_of(const Error& error);

std::string percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);

}  // namespace weir
