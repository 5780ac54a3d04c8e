// The settings that the commands of weir-ingest share.
#pragma once

#include "base/http/server.h"
#include "base/result.h"
#include "base/settings.h"
#include "ingest/connect/stream_options.h"
#include "ingest/event/identity.h"
#include "ingest/event/route_template.h"

#include <string>

namespace weir {

struct CollectorSettings {
  StreamOptions stream;
  std::string identity_secret;
  std::string keys_file;
  HttpServerOptions http;
  Micros permitted_future;
  Micros write_timeout;
  std::int64_t tenant_bytes_max;
  std::string state_folder;
  std::string volume_id;      // that the marker of the spools' volume must bear; "": any
  std::string producer;       // the beginning of producer ids
  std::string accepted_when;  // "spool" or "broker"
  std::string spool_folder;   // empty: "spool" in state_folder
  std::int64_t spool_bytes_max;
  Micros seal_interval;
  std::string tail_listen;  // empty: none
  std::string route_rules;  // patterns separated by white space
  std::int64_t templates_max;
};

/// Declares the tables [stream], [kafka], [identity], [keys] and [ingest]; ignores those of the others.
void declare(Settings& settings, CollectorSettings* into);

/// Errors `config`, naming the setting.
Result<IdentityKey> identity_key(const CollectorSettings& settings);
Result<RouteTemplates> route_templates(const CollectorSettings& settings);

}  // namespace weir
