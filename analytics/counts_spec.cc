#include "analytics/counts_spec.h"

#include "base/log.h"
#include "base/time.h"

#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kBodyBytesMax = 1 << 20;
constexpr std::size_t kPartitionsMax = 100'000;

Error refused(std::string_view member, const std::string& what) {
  return Error{ErrorCode::invalid, std::string(member) + ": " + what, ""};
}

Result<std::int64_t> time_member(dom::element root, std::string_view name) {
  std::string_view text;
  if (root[name].get(text) != simdjson::SUCCESS)
    return refused(name, "an RFC 3339 time is missing");
  Result<std::int64_t> time = parse_rfc3339(text);
  if (!time) return refused(name, time.error().what);
  return time;
}

Result<std::vector<std::int64_t>> vector_member(dom::element root) {
  dom::array list;
  if (root["vector"].get(list) != simdjson::SUCCESS || list.size() == 0 ||
      list.size() > kPartitionsMax) {
    return refused("vector", "must be one offset for each partition, by number");
  }
  std::vector<std::int64_t> offsets;
  for (dom::element one : list) {
    std::int64_t offset = -1;
    if (one.get(offset) != simdjson::SUCCESS || offset < 0) {
      return refused("vector", "an offset is a whole number from 0 on");
    }
    offsets.push_back(offset);
  }
  return offsets;
}

}  // namespace

Result<CountsSpec> counts_of_json(const std::string& body) {
  if (body.size() > kBodyBytesMax) return refused("body", "is larger than 1 MiB");
  dom::parser parser;
  dom::element root;
  if (parser.parse(body).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return refused("body", "is no JSON object");
  }
  CountsSpec spec;
  const Result<std::int64_t> from = time_member(root, "from");
  if (!from) return from.error();
  const Result<std::int64_t> to = time_member(root, "to");
  if (!to) return to.error();
  spec.range = {*from, *to};
  if (*from >= *to) return refused("to", "must lie behind from");
  std::int64_t incarnation = 0;
  if (root["incarnation"].get(incarnation) != simdjson::SUCCESS || incarnation < 1) {
    return refused("incarnation", "must be a whole number from 1 on");
  }
  spec.incarnation = incarnation;
  Result<std::vector<std::int64_t>> offsets = vector_member(root);
  if (!offsets) return offsets.error();
  spec.vector = *std::move(offsets);
  return spec;
}

std::string counts_json(const std::string& tenant, const CountsSpec& spec,
                        const CountsAnswer& answer) {
  std::string next;
  for (const std::int64_t offset : answer.next) {
    next += (next.empty() ? "" : ",") + std::to_string(offset);
  }
  std::string rows;
  for (const SubscriptionCount& row : answer.rows) {
    rows += std::string(rows.empty() ? "" : ",") +
            "{\"subscription\":" + json_quote(row.subscription) +
            ",\"requests\":" + std::to_string(row.requests) +
            ",\"unprovable\":" + std::to_string(row.unprovable) + "}";
  }
  return "{\"tenant\":" + json_quote(tenant) +
         ",\"from\":" + json_quote(format_rfc3339(spec.range.from_us)) +
         ",\"to\":" + json_quote(format_rfc3339(spec.range.to_us)) +
         ",\"incarnation\":" + std::to_string(answer.incarnation) +
         ",\"reached\":" + (answer.reached ? "true" : "false") + ",\"next\":[" + next +
         "],\"expired_events\":" + std::to_string(answer.expired_events) + ",\"rows\":[" + rows +
         "]}";
}

}  // namespace weir
