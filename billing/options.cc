#include "billing/options.h"

namespace weir {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void declare(Settings& settings, BillingOptions* into) {
  declare_stream_settings(settings, &into->stream);
  settings.secret("billing.database", &into->database,
                  "libpq connection string of the database, as role weir_billing");
  settings.duration("billing.database_timeout", &into->database_timeout, seconds(30),
                    milliseconds(100), minutes(10), "deadline of one call to the database");
  settings.choice("billing.provider", &into->provider, {"file"}, "file",
                  "who takes the money; file: one JSON line a charge in charges_file");
  settings.text("billing.charges_file", &into->charges_file, "charges.ndjson",
                "the file provider's durable file");
  settings.text("billing.metrics_file", &into->metrics_file, "",
                "where a run leaves its metrics, as node_exporter's textfile collector reads them "
                "(a name that ends with .prom); empty: nowhere");
  settings.duration("billing.wait", &into->wait, seconds(30), Micros(0), hours(1),
                    "how long a run waits for its barrier to be passed and for the next seals");
  settings.choice(
      "billing.profile", &into->profile, {"development", "production"}, "development",
      "production: an assumption that the broker's configuration breaks holds the close");
  settings.duration("billing.hold_max", &into->hold_max, hours(7 * 24), minutes(1),
                    hours(10 * 365 * 24),
                    "the longest hold that the topic's retention must outlast");
  settings.secret("identity.secret", &into->identity_secret,
                  "the deployment's, as weir-ingest has it; for verify --from-stream alone");
  settings.text("billing.analytics_url", &into->analytics_url, "http://127.0.0.1:8082",
                "weir-analytics serve, for crosscheck alone: no amount depends on it");
  settings.secret("billing.analytics_keys", &into->analytics_keys,
                  "API keys for crosscheck, comma-separated: one a tenant");
  for (const char* table : {"ingest", "quota", "analytics", "keys"}) {
    settings.ignore_table(table);
  }
}

PostgresOptions postgres_options(const BillingOptions& options, const std::string& purpose) {
  PostgresOptions out;
  out.conninfo = options.database;
  out.application_name = "weir-billing " + purpose;
  out.statement_timeout = options.database_timeout;
  out.idle_in_transaction_timeout = options.database_timeout;
  return out;
}

}  // namespace weir
