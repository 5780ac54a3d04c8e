#include "analytics/run.h"
#include "base/log.h"

#include <atomic>
#include <cstdio>

namespace weir {
namespace {

void report_to(Metrics& metrics, const CompactReport& report) {
  metrics.counter("weir_analytics_files_merged_total", "files merged").add(report.files_merged);
  metrics.counter("weir_analytics_files_expired_total", "files expired").add(report.files_expired);
  for (const auto& [reason, bytes] : report.expired_bytes) {
    metrics
        .counter("weir_analytics_expired_bytes_total", "bytes of files expired, by what took them",
                 {{"reason", reason}})
        .add(bytes);
  }
  metrics.counter("weir_analytics_files_removed_total", "files removed").add(report.files_removed);
  metrics.counter("weir_analytics_orphans_total", "orphans removed").add(report.orphans);
}

void print(const CompactReport& r) {
  std::printf("merges %lld (of %lld files), expired %lld, removed %lld, orphans %lld\n",
              static_cast<long long>(r.merges), static_cast<long long>(r.files_merged),
              static_cast<long long>(r.files_expired), static_cast<long long>(r.files_removed),
              static_cast<long long>(r.orphans));
}

Status compact(const AnalyticsOptions& options, bool once, const std::stop_token& stop,
               Metrics& metrics, std::atomic<bool>& ready) {
  report_to(metrics,
            {});  // a counter that is there before it counts: else its first step is not seen
  AnalyticsVolume volume(options.volume);
  Result<std::string> claimed = volume.claim(options.stream.topic, options.volume_id);
  if (!claimed) return claimed.error();
  Status prepared = volume.prepare();
  if (!prepared) return prepared.error().within("analytics.volume");
  Result<Catalogue> catalogue = Catalogue::open(volume.catalogue_path(), SqliteMode::read_write);
  if (!catalogue) return catalogue.error();
  Result<FileOwner> owner = FileOwner::register_in(volume);
  if (!owner) return owner.error();
  Result<Compactor> compactor =
      Compactor::open(volume, *owner, *catalogue, options.compact, system_clock());
  if (!compactor) return compactor.error();
  do {
    Result<CompactReport> report = compactor->run_once();
    if (report) report_to(metrics, *report);
    if (report && once) print(*report);
    bool later = !report && report.error().code != ErrorCode::integrity;
    if (!report && (once || !later)) return report.error();
    if (!report)
      log_warn("a round failed; the next one tries again", {{"why", report.error().text()}});
    ready = report.ok();
  } while (!once && !sleep_until_stop(stop, options.compact_interval));
  return {};
}

}  // namespace

ExitCode run_compact(const AnalyticsOptions& options, bool once, const std::stop_token& stop) {
  if (Status ordered = check_marks(options); !ordered) return give_up(ordered.error());
  if (options.compact.grace <= options.api.query_timeout) {
    return give_up(Error{ErrorCode::config,
                         "analytics.removal_grace must exceed analytics.query_timeout",
                         "a query would lose its files"});
  }
  Metrics metrics;
  const VolumeWatch watch = watch_volume(options, metrics);
  std::atomic<bool> ready = false;
  const ApiKeys no_keys;
  const HttpServerOptions http =
      options.http.for_admins(options.compact_listen, "analytics.compact_listen");
  HttpServer server(http, metrics, no_keys);
  server.readiness([&]() -> std::vector<std::string> {
    if (ready) return {};
    return {"the last round has not ended well"};
  });
  if (!once) {
    if (Status started = server.start(); !started) return give_up(started.error());
  }
  Status ended = compact(options, once, stop, metrics, ready);
  if (!once) server.stop();
  return ended ? ExitCode::done : give_up(ended.error());
}

}  // namespace weir
