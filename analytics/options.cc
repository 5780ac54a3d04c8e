#include "analytics/options.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr std::int64_t kTiB = std::int64_t{1} << 40;

void declare_consume(Settings& settings, AnalyticsOptions* into) {
  LoopOptions& loop = into->loop;
  settings.text("analytics.group", &into->stream.group, "weir-analytics", "consumer group");
  settings.text("analytics.group_folder", &into->stream.group_folder, "",
                "on a file log: where the consumers of the group find one another; empty: group in "
                "analytics.volume");
  settings.text("analytics.consumer_listen", &into->consumer_listen, "127.0.0.1:8092",
                "host:port of health and metrics of `weir-analytics consume`");
  settings.integer("analytics.commit_rows_max", &loop.commit_rows_max, loop.commit_rows_max, 1,
                   10'000'000, "events", "events of one commit");
  settings.duration("analytics.commit_interval", &loop.commit_interval, seconds(2),
                    milliseconds(10), minutes(5),
                    "longest time that an event waits for its commit");
  settings.duration("analytics.commit_timeout", &loop.commit_timeout, seconds(60), seconds(1),
                    minutes(10), "deadline of one commit; also of the last one at a stop");
  settings.duration("analytics.permitted_future", &loop.permitted_future, minutes(5), Micros(0),
                    hours(1), "how far behind its append time an event's time may lie");
  settings.choice("analytics.partitioner", &into->partitioner, {"murmur2", "any"}, "murmur2",
                  "murmur2: every row must hash to its partition; any: not checked");
  settings.duration("analytics.grace", &into->handler.grace, minutes(10), Micros(0), hours(24 * 7),
                    "complete_through lies this long behind the moment of being caught up");
  settings.duration("analytics.identity_horizon", &loop.identity.horizon, hours(24), minutes(1),
                    hours(24 * 90), "how far back copies of an event are recognised");
  settings.duration("analytics.restamp_window", &loop.identity.restamp_window, hours(1), Micros(0),
                    hours(24 * 90), "how far back copies that bear a new time are recognised");
  settings.integer("analytics.rollup_groups_max", &into->rollup_groups_max, 40'000, 10, 1'000'000,
                   "rows", "keys of one minute and commit; further ones count as __other__");
  settings.integer("analytics.rollup_tenant_groups_max", &into->rollup_tenant_groups_max, 10'000,
                   10, 1'000'000, "rows",
                   "of them, keys of one tenant; its further ones count as its __other__");
  settings.integer("analytics.write_memory_bytes", &into->writer.memory_bytes_max, 512 * kMiB,
                   64 * kMiB, kTiB, "bytes", "DuckDB's memory for writing segments");
  settings.integer("analytics.pause_percent", &into->handler.pause_percent, 90, 1, 100, "percent",
                   "consumption pauses while the volume is fuller than that; 100: never");
}

void declare_serve(Settings& settings, AnalyticsOptions* into) {
  // A query holds its thread for as long as it takes: half of them are always others'.
  into->http.threads = 4;
  into->http.running_per_tenant = 2;
  into->http.waiting_per_tenant = 64;
  into->http.declare(settings, "analytics", "127.0.0.1:8082");
  settings.integer("analytics.query_threads", &into->engine.threads, 2, 1, 64, "threads",
                   "DuckDB's threads for queries");
  settings.integer("analytics.query_memory_bytes", &into->engine.memory_bytes_max, 1024 * kMiB,
                   64 * kMiB, kTiB, "bytes", "DuckDB's memory for queries");
  settings.integer("analytics.query_temp_bytes", &into->engine.temp_bytes_max, 4096 * kMiB, 0, kTiB,
                   "bytes", "disk that large queries may use on the volume");
  settings.integer("analytics.query_heavy_rows", &into->engine.heavy_rows, 50'000, 0, kTiB, "rows",
                   "a query that reads more single requests runs at low priority; 0: none does");
  settings.duration("analytics.query_timeout", &into->api.query_timeout, seconds(10),
                    milliseconds(10), minutes(10), "deadline of one query");
  settings.integer("analytics.query_bytes_max", &into->api.toll.bytes_max, 16 * kGiB, 0, kTiB,
                   "bytes", "of files that one query may read; larger ones get 422; 0: no bound");
  settings.integer(
      "analytics.query_bytes_per_minute", &into->api.toll.bytes_per_minute, 64 * kGiB, 0, 64 * kTiB,
      "bytes", "of single requests that one tenant's queries may read; more get 429; 0: no bound");
}

void declare_compact(Settings& settings, AnalyticsOptions* into) {
  settings.text("analytics.compact_listen", &into->compact_listen, "127.0.0.1:8093",
                "host:port of health and metrics of `weir-analytics compact`");
  settings.duration("analytics.compact_interval", &into->compact_interval, seconds(15), seconds(1),
                    hours(24), "pause between two rounds of `weir-analytics compact`");
  settings.duration("analytics.retention", &into->compact.retention, hours(24 * 90), seconds(1),
                    hours(24 * 36500), "how long single requests are kept, from their append time");
  settings.duration("analytics.rollup_retention", &into->compact.rollup_retention, hours(24 * 400),
                    seconds(1), hours(24 * 36500), "how long rollups are kept, from append time");
  settings.integer("analytics.disk_budget_bytes", &into->compact.disk_budget_bytes, 0, 0,
                   1024 * kTiB, "bytes",
                   "of all data files; beyond it the oldest go; 0: no budget");
  settings.integer("analytics.expire_percent", &into->compact.expire_percent, 85, 1, 100, "percent",
                   "the oldest segments go when the volume is fuller than that; 100: never");
  settings.integer("analytics.expire_to_percent", &into->compact.expire_to_percent, 80, 0, 99,
                   "percent", "of the volume: there such expiry ends");
  settings.integer("analytics.merge_files", &into->compact.fan_in, 8, 2, 64, "files",
                   "of one size that make a merge");
  settings.integer("analytics.merged_bytes_max", &into->compact.merged_bytes_max, 256 * kMiB, kMiB,
                   kTiB, "bytes", "files do not grow beyond that");
  settings.duration("analytics.removal_grace", &into->compact.grace, minutes(2), seconds(1),
                    hours(24), "how long replaced files stay; must exceed query_timeout");
  settings.integer("analytics.merge_memory_bytes", &into->compact.memory_bytes_max, 512 * kMiB,
                   64 * kMiB, kTiB, "bytes", "DuckDB's memory for merges");
}

}  // namespace

Status check_marks(const AnalyticsOptions& options) {
  const std::int64_t warn = options.warn_percent, expire = options.compact.expire_percent,
                     pause = options.handler.pause_percent, to = options.compact.expire_to_percent;
  if (warn <= expire && expire <= pause && to < expire) return {};
  const auto said = [](const char* name, std::int64_t percent) {
    return std::string("analytics.") + name + " " + std::to_string(percent);
  };
  return Error{ErrorCode::config,
               "the marks of the analytics volume are out of order: " + said("warn_percent", warn) +
                   ", " + said("expire_percent", expire) + ", " + said("pause_percent", pause) +
                   ", " + said("expire_to_percent", to),
               "set them so that warn <= expire <= pause and expire_to < expire"};
}

void declare(Settings& settings, AnalyticsOptions* into) {
  declare_stream_settings(settings, &into->stream);
  settings.secret("identity.secret", &into->identity_secret,
                  "the deployment's key for hashing identities, the same in every process");
  settings.text("keys.file", &into->keys_file, "keys.toml",
                "the API keys, by their hashes (weir-ingest keys new makes entries)");
  settings.text("analytics.volume", &into->volume, "analytics",
                "folder of segments, rollups, catalogue and identity index, a volume of its own");
  settings.text("analytics.volume_id", &into->volume_id, "",
                "the id in the volume's marker file: a volume that is not mounted, or another one, "
                "is refused; empty: any");
  settings.integer("analytics.warn_percent", &into->warn_percent, 80, 1, 100, "percent",
                   "the log and a metric say so while the volume is fuller than that; 100: never");
  declare_consume(settings, into);
  declare_serve(settings, into);
  declare_compact(settings, into);
  for (const char* table : {"ingest", "quota", "billing"}) settings.ignore_table(table);
}

}  // namespace weir
