#include "billing/crosscheck/analytics_side.h"

#include "base/json_writer.h"
#include "base/time.h"

#include <simdjson.h>

namespace weir {
namespace {

using simdjson::dom::element;

// Throws simdjson_error, which read_counts_answer() catches: the edge of the library.
AnalyticsCounts read(element root) {
  AnalyticsCounts counts;
  counts.tenant = std::string(std::string_view(root["tenant"]));
  counts.reached = bool(root["reached"]);
  counts.expired_events = std::int64_t(root["expired_events"]);
  for (element next : simdjson::dom::array(root["next"])) {
    counts.next.push_back(std::int64_t(next));
  }
  for (element row : simdjson::dom::array(root["rows"])) {
    counts.rows[std::string(std::string_view(row["subscription"]))] = {
        std::int64_t(row["requests"]), std::int64_t(row["unprovable"])};
  }
  return counts;
}

Error refused(const HttpReply& reply) {
  const std::string what = "analytics answered " + std::to_string(reply.status);
  if (reply.status == 401 || reply.status == 403) {
    return {ErrorCode::denied, what, "see billing.analytics_keys"};
  }
  if (reply.status >= 500 || reply.status == 429) {
    return {ErrorCode::unavailable, what, "see that weir-analytics serve and consume run"};
  }
  return {ErrorCode::invalid, what + ": " + reply.body.substr(0, 300),
          "billing.analytics_url must be a weir-analytics serve of this version"};
}

}  // namespace

std::string counts_request(const CrosscheckPlace& place) {
  JsonWriter json;
  json.begin_object().field("from", format_rfc3339(place.range.from_us));
  json.field("to", format_rfc3339(place.range.to_us)).field("incarnation", place.incarnation);
  json.key("vector").begin_array();
  for (const std::int64_t n : place.vector) json.value(n);
  return json.end_array().end_object().text();
}

Result<AnalyticsCounts> read_counts_answer(const std::string& body) {
  try {
    simdjson::dom::parser parser;
    return read(parser.parse(simdjson::padded_string(body)));
  } catch (const simdjson::simdjson_error& error) {
    return Error{ErrorCode::invalid,
                 "analytics' answer cannot be read: " + std::string(error.what()),
                 "billing.analytics_url must be a weir-analytics serve of this version"};
  }
}

Result<AnalyticsCounts> ask_analytics(HttpClient& client, const std::string& url,
                                      const std::string& key, const CrosscheckPlace& place,
                                      Deadline deadline) {
  const Result<HttpReply> reply =
      client.post(url + "/v1/counts",
                  {{"authorization", "Bearer " + key}, {"content-type", "application/json"}},
                  counts_request(place), deadline);
  if (!reply) {
    return Error{ErrorCode::unavailable, "analytics is away: " + reply.error().what,
                 "start weir-analytics serve, or set billing.analytics_url; no bill waits for it"};
  }
  if (reply->status != 200) return refused(*reply);
  return read_counts_answer(reply->body);
}

}  // namespace weir
