#include "analytics/run.h"
#include "base/log.h"

#include <cstdio>

namespace weir {

// Needs no catalogue to start: until a consumer has made one, /readyz says so and queries are 503.
ExitCode run_serve(const AnalyticsOptions& options, const std::stop_token& stop) {
  if (Status ordered = check_marks(options); !ordered) return give_up(ordered.error());
  Result<ApiKeys> keys = ApiKeys::read(options.keys_file);
  if (!keys) return give_up(keys.error());
  AnalyticsVolume volume(options.volume);
  if (Result<std::string> id = volume.claim(options.stream.topic, options.volume_id); !id) {
    return give_up(id.error());
  }
  if (Status prepared = volume.prepare(); !prepared) {
    return give_up(prepared.error().within("analytics.volume"));
  }
  Result<QueryEngine> engine = QueryEngine::open(volume, options.engine, system_clock());
  if (!engine) return give_up(engine.error());
  Metrics metrics;
  const VolumeWatch watch = watch_volume(options, metrics);
  AnalyticsApi api(*engine, options.api, system_clock(), metrics);
  HttpServer server(options.http, metrics, *keys);
  api.add_routes(server);
  server.readiness([&]() -> std::vector<std::string> {
    Status ready = engine->ready();
    if (ready) return {};
    return {ready.error().text()};
  });
  if (Status started = server.start(); !started) return give_up(started.error());
  log_info("answering queries", {{"port", server.port()}});
  while (!sleep_until_stop(stop, std::chrono::hours(1))) {
  }
  server.stop();
  return ExitCode::done;
}

ExitCode accept_analytics_volume(const AnalyticsOptions& options) {
  Result<std::string> id = AnalyticsVolume(options.volume).accept(options.stream.topic);
  if (!id) return give_up(id.error());
  std::printf("%s is volume %s from now on\n", options.volume.c_str(), id->c_str());
  return ExitCode::done;
}

}  // namespace weir
