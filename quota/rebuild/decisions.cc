#include "quota/rebuild/decisions.h"

#include "base/json_writer.h"

#include <simdjson.h>

namespace weir {
namespace {

namespace dom = simdjson::dom;

Result<PastDecision> read_decision(std::string_view line) {
  const Error wrong{ErrorCode::invalid, "no decision", "export again: weir-quota decisions export"};
  dom::parser parser;
  dom::element root, detail;
  const simdjson::padded_string padded(line);
  std::string_view actor, action, reason, worth;
  PastDecision decision;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS ||
      root["at_us"].get(decision.at_us) != simdjson::SUCCESS ||
      root["actor"].get(actor) != simdjson::SUCCESS ||
      root["action"].get(action) != simdjson::SUCCESS ||
      root["reason"].get(reason) != simdjson::SUCCESS ||
      root["worth"].get(worth) != simdjson::SUCCESS ||
      root["detail"].get(detail) != simdjson::SUCCESS) {
    return wrong;
  }
  decision.actor = actor;
  decision.action = action;
  decision.reason = reason;
  decision.worth = worth;
  decision.detail = simdjson::minify(detail);
  return decision;
}

bool is_json(std::string_view text) {
  dom::parser parser;
  const simdjson::padded_string padded(text);
  return parser.parse(padded).error() == simdjson::SUCCESS;
}

}  // namespace

std::string write_decision(const PastDecision& decision) {
  JsonWriter json;
  json.begin_object().field("at_us", decision.at_us).field("actor", decision.actor);
  json.field("action", decision.action).field("reason", decision.reason);
  json.field("worth", decision.worth).key("detail");
  if (is_json(decision.detail)) {
    json.raw(decision.detail);
  } else {
    json.value(decision.detail);
  }
  return json.end_object().text() + "\n";
}

Result<std::string> export_decisions(Connection& connection, Deadline deadline) {
  Result<Rows> rows = connection.run(
      "SELECT at_us, actor, action, reason, worth, detail FROM quota.audit ORDER BY id", deadline);
  if (!rows) return std::move(rows).error();
  std::string lines;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    PastDecision decision;
    decision.at_us = rows->integer(i, 0);
    decision.actor = rows->text(i, 1);
    decision.action = rows->text(i, 2);
    decision.reason = rows->text(i, 3);
    decision.worth = rows->text(i, 4);
    decision.detail = rows->text(i, 5);
    lines += write_decision(decision);
  }
  return lines;
}

Result<std::vector<PastDecision>> read_decisions(std::string_view lines) {
  std::vector<PastDecision> decisions;
  std::size_t number = 0;
  while (!lines.empty()) {
    ++number;
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.empty()) continue;
    Result<PastDecision> decision = read_decision(line);
    if (!decision) return decision.error().within("line " + std::to_string(number));
    decisions.push_back(*std::move(decision));
  }
  return decisions;
}

}  // namespace weir
