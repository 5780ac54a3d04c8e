#include "quota/check_request.h"

#include "ingest/event/limits.h"

#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

Error wrong(const std::string& what) { return Error{ErrorCode::invalid, what, ""}; }

Result<std::string> name_of_field(dom::element object, const char* field) {
  std::string_view text;
  if (object[field].get(text) != simdjson::SUCCESS) {
    return wrong(std::string(field) + " must be a string");
  }
  if (text.empty() || text.size() > kNameBytesMax) {
    return wrong(std::string(field) + " must have 1 to 128 bytes");
  }
  return std::string(text);
}

Result<Cost> parse_cost(dom::element entry) {
  if (!entry.is_object()) return wrong("costs must hold objects");
  Result<std::string> meter = name_of_field(entry, "meter");
  if (!meter) return std::move(meter).error();
  std::int64_t cost = 0;
  if (entry["cost"].get(cost) != simdjson::SUCCESS || cost < 0 || cost > kUnitsMax) {
    return wrong("cost must be a whole number from 0 to 2^53");
  }
  return Cost{*std::move(meter), cost};
}

}  // namespace

Result<CheckRequest> parse_check(std::string_view json) {
  thread_local dom::parser parser;
  dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return wrong("the body must be a JSON object");
  }
  Result<std::string> subscription = name_of_field(root, "subscription");
  if (!subscription) return std::move(subscription).error();
  dom::array costs;
  if (root["costs"].get(costs) != simdjson::SUCCESS) return wrong("costs must be an array");
  if (costs.size() < 1 || costs.size() > kCostsMax) return wrong("costs must hold 1 to 32 entries");
  CheckRequest request{*std::move(subscription), {}};
  for (dom::element entry : costs) {
    Result<Cost> cost = parse_cost(entry);
    if (!cost) return std::move(cost).error();
    request.costs.push_back(*std::move(cost));
  }
  return request;
}

}  // namespace weir
