// Overrides and unattributed usage, for people and for machines.
#include "base/json_writer.h"
#include "base/text_table.h"
#include "base/time.h"
#include "billing/print.h"
#include "billing/print_parts.h"
#include "billing/trust.h"

namespace weir {
namespace {

std::string until_text(const Override& made) {
  return made.until_us == INT64_MAX ? "revoked" : format_rfc3339(made.until_us);
}

}  // namespace

std::string unattributed_text(const std::vector<UnattributedSum>& sums) {
  if (sums.empty()) return "all usage is attributed\n";
  TextTable table({"subscription", "meter", "units", "first seen in", "since close"});
  for (const UnattributedSum& sum : sums) {
    table.add({sum.tenant + "/" + sum.subscription, sum.meter, grouped(sum.units),
               format_rfc3339(sum.first_bucket_us),
               std::to_string(sum.since_close) + " (" + format_rfc3339(sum.since_t_us) + ")"});
  }
  return table.text() + "\nnext: add the subscriptions to the catalogue, and apply it\n";
}

std::string unattributed_json(const std::vector<UnattributedSum>& sums) {
  JsonWriter json;
  json.begin_object().key("unattributed").begin_array();
  for (const UnattributedSum& sum : sums) {
    json.begin_object().field("tenant", sum.tenant).field("subscription", sum.subscription);
    json.field("meter", sum.meter).field("units", sum.units).field("buckets", sum.buckets);
    json.field("first_bucket", format_rfc3339(sum.first_bucket_us));
    json.field("since_close", sum.since_close);
    json.field("since_t", format_rfc3339(sum.since_t_us)).end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

std::string overrides_text(const std::vector<StoredOverride>& overrides, std::int64_t now_us) {
  if (overrides.empty()) return "no override was ever made\n";
  TextTable table({"id", "code", "producer", "until", "by", "age", "state", "reason"});
  for (const StoredOverride& row : overrides) {
    const Override& made = row.made;
    table.add({std::to_string(made.id), made.code, made.producer, until_text(made), made.by,
               age_of(made.made_at_us, now_us),
               row.revoked_by.empty() ? "stands" : "revoked by " + row.revoked_by, made.reason});
  }
  return table.text();
}

std::string overrides_json(const std::vector<StoredOverride>& overrides) {
  JsonWriter json;
  json.begin_object().key("overrides").begin_array();
  for (const StoredOverride& row : overrides) {
    const Override& made = row.made;
    json.begin_object().field("override", made.id).field("code", made.code);
    json.field("producer", made.producer).field("until", until_text(made));
    json.field("by", made.by).field("reason", made.reason);
    json.field("made_at", format_rfc3339(made.made_at_us));
    json.field("stands", row.revoked_by.empty());
    if (!row.revoked_by.empty()) {
      json.field("revoked_by", row.revoked_by).field("revoked_reason", row.revoked_reason);
      json.field("revoked_at", format_rfc3339(row.revoked_at_us));
    }
    json.end_object();
  }
  return json.end_array().end_object().text() + "\n";
}

}  // namespace weir
