#include "quota/options.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void declare_decided(Settings& settings, Decided* into) {
  settings.duration("quota.bucket", &into->bucket, minutes(15), milliseconds(1), minutes(15),
                    "length of a usage bucket; divides 15 min; fixed when the database is created");
  settings.duration("quota.permitted_future", &into->permitted_future, minutes(5), Micros(0),
                    hours(1), "how far behind its append time an event's time may lie; fixed");
  settings.duration("quota.delivery_timeout", &into->delivery_timeout, minutes(5), Micros(0),
                    hours(24), "how long a collector may take to deliver an event; fixed");
  settings.duration("quota.grace", &into->grace, minutes(10), Micros(0), hours(24 * 7),
                    "how long after a moment a close of it may happen; at least "
                    "delivery_timeout + permitted_future; fixed");
  settings.choice("quota.partitioner", &into->partitioner, {"murmur2", "any"}, "murmur2",
                  "murmur2: every row must hash to its partition; any: not checked; fixed");
}

void declare_loop(Settings& settings, LoopOptions* into) {
  settings.integer("quota.commit_rows_max", &into->commit_rows_max, into->commit_rows_max, 1,
                   10'000'000, "events", "events of one commit");
  settings.duration("quota.commit_interval", &into->commit_interval, milliseconds(200),
                    milliseconds(1), minutes(1), "longest time that an event waits for its commit");
  settings.duration("quota.commit_timeout", &into->commit_timeout, seconds(30), seconds(1),
                    minutes(10), "deadline of one commit; also of the last one at a stop");
  settings.duration("quota.identity_horizon", &into->identity.horizon, hours(24), minutes(1),
                    hours(24 * 90), "how far back copies of an event are recognised");
  settings.duration("quota.identity_seal_age", &into->identity.open_age_max, minutes(15),
                    seconds(1), hours(24),
                    "age in append time at which the open generation becomes a file");
  settings.duration("quota.restamp_window", &into->identity.restamp_window, hours(1), Micros(0),
                    hours(24 * 90), "how far back copies that bear a new time are recognised");
}

}  // namespace

void declare(Settings& settings, QuotaOptions* into) {
  declare_stream_settings(settings, &into->stream);
  settings.secret("identity.secret", &into->identity_secret,
                  "the deployment's key for hashing identities, the same in every process");
  settings.text("keys.file", &into->keys_file, "keys.toml",
                "the API keys, by their hashes (weir-ingest keys new makes entries)");
  // A slow answer holds its thread: one is always others'.
  into->http.threads = 4;
  into->http.running_per_tenant = 3;
  into->http.declare(settings, "quota", "127.0.0.1:8081");
  settings.text("quota.consumer_listen", &into->consumer_listen, "127.0.0.1:8091",
                "host:port of health and metrics of `weir-quota consume`");
  settings.secret("quota.database", &into->database,
                  "libpq connection string of the quota database, as role weir_quota");
  settings.duration("quota.database_timeout", &into->database_timeout, seconds(10),
                    milliseconds(100), minutes(10), "deadline of one call to the database");
  settings.integer("quota.connections", &into->connections, 4, 1, 64, "connections",
                   "to the database, of the HTTP service");
  settings.text("quota.volume", &into->volume, "quota",
                "folder of the identity index, on quota's own volume");
  settings.integer("quota.ballast_bytes", &into->ballast_bytes, std::int64_t{64} << 20, 0,
                   std::int64_t{1} << 40, "bytes",
                   "put aside on quota's volume, for recovery when it is full: at most a twentieth "
                   "of it; 0: none");
  settings.text("quota.group", &into->stream.group, "weir-quota", "consumer group");
  settings.text("quota.group_folder", &into->stream.group_folder, "",
                "on a file log: where the consumers of the group find one another; empty: group in "
                "quota.volume");
  settings.duration("quota.answer_age_max", &into->answer_age_max, seconds(1), Micros(0),
                    seconds(10),
                    "how old a ledger sum may be that an answer or a check is made of");
  settings.integer("quota.cache_entries", &into->cache_entries, 100'000, 1, 10'000'000,
                   "subscriptions", "ledger sums and token buckets that are kept in memory");
  declare_decided(settings, &into->decided);
  declare_loop(settings, &into->loop);
  for (const char* table : {"ingest", "analytics", "billing"}) settings.ignore_table(table);
}

PostgresOptions postgres_options(const QuotaOptions& options, const std::string& role) {
  PostgresOptions out;
  out.conninfo = options.database;
  out.application_name = "weir-quota " + role;
  out.statement_timeout = options.database_timeout;
  out.lock_timeout = options.database_timeout;
  out.pool_max = static_cast<std::size_t>(options.connections);
  return out;
}

}  // namespace weir
