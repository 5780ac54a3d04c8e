#include "billing/print_parts.h"

#include "base/text_table.h"
#include "base/time.h"
#include "billing/readiness.h"
#include "billing/trust.h"

#include <span>

namespace weir {
namespace {

constexpr std::size_t kReasonsShown = 20;

constexpr std::size_t kPartitionsNamed = 8;

/// One code's reasons, of one producer: "partition 3", "partitions 3, 5, 7", "64 partitions".
std::string where(std::span<const Reason> same) {
  const Reason& first = same.front();
  if (!first.partition) return first.producer.empty() ? "all" : first.producer;
  if (same.size() == 1) return "partition " + std::to_string(*first.partition);
  if (same.size() > kPartitionsNamed) return std::to_string(same.size()) + " partitions";
  std::string text;
  for (const Reason& reason : same) {
    text += (text.empty() ? "partitions " : ", ") + std::to_string(reason.partition.value_or(-1));
  }
  return text;
}

/// How many from the front are the same trouble in other partitions.
std::size_t count_alike(std::span<const Reason> reasons) {
  std::size_t count = 1;
  const Reason& first = reasons.front();
  while (first.partition && count < reasons.size() && reasons[count].code == first.code &&
         reasons[count].producer == first.producer) {
    ++count;
  }
  return count;
}

}  // namespace

std::string age_of(std::int64_t since_us, std::int64_t now_us) {
  if (since_us <= 0) return "";
  const std::int64_t whole_seconds = (now_us - since_us) / kMicrosPerSecond * kMicrosPerSecond;
  return whole_seconds <= 0 ? "just now" : humane_duration(Micros(whole_seconds));
}

std::string reasons_text(const std::vector<Reason>& all, std::int64_t now_us) {
  const std::vector<Reason> reasons = by_urgency(all);
  TextTable table({"reason", "where", "age", "detail"});
  std::span<const Reason> left(reasons);
  for (std::size_t shown = 0; !left.empty() && shown < kReasonsShown; ++shown) {
    const std::size_t alike = count_alike(left);
    const Reason& first = left.front();
    table.add({first.code, where(left.first(alike)), age_of(first.since_us, now_us),
               first.detail + (alike > 1 ? "; ..." : "")});
    left = left.subspan(alike);
  }
  std::string text = table.text();
  if (!left.empty()) text += "and " + std::to_string(left.size()) + " more (--json has all)\n";
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
