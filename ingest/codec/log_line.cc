#include "ingest/codec/log_line.h"

#include "ingest/codec/line_fields.h"
#include "ingest/codec/line_reader.h"
#include "ingest/codec/nginx_json_line.h"
#include "ingest/event/check.h"

namespace weir {

struct LineDecoder::State {
  State(LineOptions given, const IdentityKey& identity_key)
      : options(std::move(given)), key(identity_key) {}

  bool read(std::string_view line, Rejection& why) {
    fields.reset();
    return options.format == LineFormat::combined
               ? read_combined(line, options.subscription_from, fields, why)
               : nginx->read(line, fields, why);
  }

  std::string_view subscription_of(std::string_view value) const {
    if (value.empty() || value == "-") return options.default_subscription;
    if (options.subscriptions.empty()) return value;
    auto known = options.subscriptions.find(value);
    return known == options.subscriptions.end() ? options.default_subscription : known->second;
  }

  bool settle_tenant(const LineContext& context, Rejection& why) {
    std::string_view& tenant = fields.row.tenant;
    if (tenant.empty()) tenant = context.tenant;
    if (context.tenant.empty() || tenant == context.tenant) return true;
    return refuse(why, reason::kTenantMismatch, "tenant", "not the tenant that the lines are for");
  }

  bool settle(const LineContext& context, Rejection& why) {
    RequestRow& row = fields.row;
    if (!settle_tenant(context, why)) return false;
    row.source = context.source;
    row.id = context.id;
    if (row.api.empty()) row.api = context.api;
    if (row.gateway.empty()) row.gateway = context.gateway;
    row.subscription = subscription_of(fields.subscription);
    truncate_address(fields.client, client);
    row.client = client;
    if (!fields.has_time) return refuse(why, reason::kMissing, "time", explain(reason::kMissing));
    if (!check_row(row, context.latest, why)) return false;
    // Only now: a line that is refused must not make a template known.
    if (context.routes != nullptr) row.route = context.routes->of(row.path);
    return true;
  }

  LineOptions options;
  IdentityKey key;
  std::unique_ptr<NginxJsonReader> nginx;  // null for combined
  LineFields fields;
  std::string client;
};

Result<LineFormat> line_format_of(std::string_view name) {
  if (name == "combined") return LineFormat::combined;
  if (name == "nginx_json") return LineFormat::nginx_json;
  return Error{ErrorCode::invalid, "unknown log format \"" + std::string(name) + "\"",
               "use combined or nginx_json"};
}

Result<LineDecoder> LineDecoder::make(LineOptions options, const IdentityKey& key) {
  auto state = std::make_unique<State>(std::move(options), key);
  const std::string& from = state->options.subscription_from;
  if (!from.empty() && from != "user" && from != "client") {
    return Error{ErrorCode::config, "subscription_from is \"" + from + "\"",
                 "use user or client, or leave it empty"};
  }
  if (state->options.format == LineFormat::nginx_json) {
    auto reader = NginxJsonReader::make(state->options.fields);
    if (!reader) return reader.error();
    state->nginx = *std::move(reader);
  }
  return LineDecoder(std::move(state));
}

LineDecoder::LineDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineDecoder::LineDecoder(LineDecoder&&) noexcept = default;
LineDecoder& LineDecoder::operator=(LineDecoder&&) noexcept = default;
LineDecoder::~LineDecoder() = default;

bool LineDecoder::decode_line(std::string_view line, const LineContext& context, RequestBatch& into,
                              Rejection& why) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return refuse(why, reason::kMalformed, "line", "empty");
  if (!state_->read(line, why) || !state_->settle(context, why)) return false;
  append_row(into, state_->fields.row, state_->key, context.sections);
  return true;
}

}  // namespace weir
