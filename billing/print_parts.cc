#include "billing/print_parts.h"

#include "base/text_table.h"
#include "base/time.h"
#include "billing/trust.h"

namespace weir {
namespace {

constexpr std::size_t kReasonsShown = 20;

std::string where(const Reason& reason) {
  if (!reason.producer.empty() && !reason.partition) return reason.producer;
  return reason.partition ? "partition " + std::to_string(*reason.partition) : "all";
}

}  // namespace

std::string age_of(std::int64_t since_us, std::int64_t now_us) {
  if (since_us <= 0) return "";
  const std::int64_t whole_seconds = (now_us - since_us) / kMicrosPerSecond * kMicrosPerSecond;
  return whole_seconds <= 0 ? "just now" : humane_duration(Micros(whole_seconds));
}

std::string reasons_text(const std::vector<Reason>& reasons, std::int64_t now_us) {
  TextTable table({"reason", "where", "age", "detail"});
  for (std::size_t i = 0; i < reasons.size() && i < kReasonsShown; ++i) {
    const Reason& reason = reasons[i];
    table.add({reason.code, where(reason), age_of(reason.since_us, now_us), reason.detail});
  }
  std::string text = table.text();
  if (reasons.size() > kReasonsShown) {
    text += "and " + std::to_string(reasons.size() - kReasonsShown) + " more (--json has all)\n";
  }
  return text;
}

void write_reasons(JsonWriter& json, const std::vector<Reason>& reasons, std::int64_t now_us) {
  json.key("reasons").begin_array();
  for (const Reason& reason : reasons) {
    json.begin_object().field("reason", reason.code);
    if (reason.partition) json.field("partition", *reason.partition);
    if (!reason.producer.empty()) json.field("producer", reason.producer);
    json.field("detail", reason.detail).field("next_action", reason.next_action);
    if (reason.since_us > 0) json.field("age_s", (now_us - reason.since_us) / kMicrosPerSecond);
    json.end_object();
  }
  json.end_array();
}

void write_overrides(JsonWriter& json, const std::vector<Override>& overrides) {
  json.key("overrides").begin_array();
  for (const Override& made : overrides) {
    json.begin_object().field("override", made.id).field("code", made.code);
    json.field("producer", made.producer);
    json.field("until", made.until_us == INT64_MAX ? "revoked" : format_rfc3339(made.until_us));
    json.field("by", made.by).field("reason", made.reason);
    json.field("made_at", format_rfc3339(made.made_at_us)).end_object();
  }
  json.end_array();
}

void write_assumptions(JsonWriter& json, const Standing& standing) {
  json.key("assumptions").begin_array();
  for (const Assumption& assumed : assumptions(standing)) {
    json.begin_object().field("assumption", assumed.code).field("text", assumed.text).end_object();
  }
  json.end_array();
}

}  // namespace weir
