// The settings of weir-quota: the table [quota] and the tables it shares with the other processes.
#pragma once

#include "base/http/server.h"
#include "base/settings.h"
#include "ingest/connect/stream_options.h"
#include "ingest/stream/consumer_loop.h"
#include "quota/setup.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <string>

namespace weir {

struct QuotaOptions {
  StreamOptions stream;
  std::string identity_secret;
  std::string keys_file;

  HttpServerOptions http;
  std::string consumer_listen;  // of `consume` alone: health and metrics
  std::string database;         // libpq connection string
  Micros database_timeout{0};   // of one call
  std::int64_t connections = 4;
  std::string volume;
  std::int64_t ballast_bytes = 0;
  Decided decided;  // what the database was, or will be, created with
  LoopOptions loop;
  Micros answer_age_max{0};
  std::int64_t cache_entries = 0;
};

void declare(Settings& settings, QuotaOptions* into);

/// Of one of the pools: "weir-quota consume" or "weir-quota serve".
PostgresOptions postgres_options(const QuotaOptions& options, const std::string& role);

}  // namespace weir
