// The settings of weir-billing: the table [billing] and the tables it shares with the other processes.
#pragma once

#include "base/settings.h"
#include "ingest/connect/stream_options.h"
#include "storage/postgres/connection.h"

#include <string>

namespace weir {

struct BillingOptions {
  StreamOptions stream;
  std::string database;  // libpq connection string, as role weir_billing
  Micros database_timeout{0};
  std::string provider;
  std::string charges_file;
  std::string metrics_file;
  Micros wait{0};
  std::string identity_secret;  // for verify --from-stream
  std::string analytics_url;    // of weir-analytics serve, for crosscheck alone
  std::string analytics_keys;   // API keys, comma-separated, one a tenant
  std::string profile;          // "development" or "production"
  Micros hold_max{0};
};

void declare(Settings& settings, BillingOptions* into);

/// `purpose` is what pg_stat_activity shows behind the program's name.
PostgresOptions postgres_options(const BillingOptions& options, const std::string& purpose);

}  // namespace weir
