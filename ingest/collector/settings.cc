#include "ingest/collector/settings.h"

#include <array>
#include <sstream>
#include <unistd.h>

namespace weir {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "weir";
  return name.data();
}

void declare_spool(Settings& settings, CollectorSettings* into) {
  settings.text("ingest.producer", &into->producer, host_name(),
                "what producer ids of this machine begin with; by default the host's name");
  settings.choice("ingest.accepted_when", &into->accepted_when, {"spool", "broker"}, "spool",
                  "when 202 is given: when the event is fsynced in the spool, or when the broker "
                  "has acknowledged it");
  settings.text("ingest.spool_folder", &into->spool_folder, "",
                "folder of the spools; empty: spool in ingest.state_folder");
  settings.text(
      "ingest.volume_id", &into->volume_id, "",
      "the id in the marker file of that folder, or of ingest.state_folder: a volume that is "
      "not mounted, or another one, is refused; empty: any");
  settings.integer(
      "ingest.spool_bytes_max", &into->spool_bytes_max, std::int64_t{1} << 30,
      std::int64_t{16} << 20, std::int64_t{1} << 44, "bytes",
      "of one spool; when it is full events are answered 503 until the stream is back");
  settings.duration("ingest.seal_interval", &into->seal_interval, std::chrono::seconds(5),
                    std::chrono::milliseconds(100), std::chrono::minutes(10),
                    "how often the stream is told up to when everything is in; a period closes "
                    "only behind such a seal of every producer");
}

}  // namespace

void declare(Settings& settings, CollectorSettings* into) {
  declare_stream_settings(settings, &into->stream);
  settings.secret("identity.secret", &into->identity_secret,
                  "the deployment's key for hashing identities, the same in every process");
  settings.text("keys.file", &into->keys_file, "keys.toml",
                "the API keys, by their hashes (weir-ingest keys new makes entries)");
  into->http.declare(settings, "ingest", "127.0.0.1:8080");
  settings.duration("ingest.permitted_future", &into->permitted_future, std::chrono::minutes(5),
                    Micros(0), std::chrono::hours(1),
                    "how far ahead of this machine's clock an event's time may lie");
  settings.duration("ingest.write_timeout", &into->write_timeout, std::chrono::seconds(10),
                    std::chrono::milliseconds(100), std::chrono::minutes(5),
                    "how long a request waits for the stream's acknowledgement before it is 503");
  settings.integer("ingest.tenant_bytes_max", &into->tenant_bytes_max, 32 << 20, 1 << 10,
                   std::int64_t{1} << 40, "bytes",
                   "bodies of one tenant that may be under way at once; beyond it answers 429");
  settings.text("ingest.state_folder", &into->state_folder, "ingest",
                "folder of tail positions and reject files");
  declare_spool(settings, into);
  settings.text("ingest.tail_listen", &into->tail_listen, "",
                "host:port of health and metrics of `weir-ingest tail`; empty: none");
  settings.text("ingest.route_rules", &into->route_rules, "",
                "route patterns, separated by spaces, tried before the built-in ones: "
                "\"/users/{name} /files/{path...}\"");
  settings.integer("ingest.route_templates_max", &into->templates_max,
                   RouteTemplates::kTemplatesMaxDefault, 1, 1'000'000, "templates",
                   "distinct route templates; all further ones are __other__");
  for (const char* table : {"quota", "analytics", "billing"}) settings.ignore_table(table);
}

Result<IdentityKey> identity_key(const CollectorSettings& settings) {
  Result<IdentityKey> key = IdentityKey::from_secret(settings.identity_secret);
  if (!key) return key.error().within("identity.secret");
  return key;
}

Result<RouteTemplates> route_templates(const CollectorSettings& settings) {
  std::vector<std::string> rules;
  std::istringstream words(settings.route_rules);
  for (std::string rule; words >> rule;) rules.push_back(rule);
  Result<RouteTemplates> made =
      RouteTemplates::make(rules, static_cast<std::size_t>(settings.templates_max));
  if (!made) return made.error().within("ingest.route_rules");
  return made;
}

}  // namespace weir
