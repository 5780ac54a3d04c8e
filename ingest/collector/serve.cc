#include "ingest/collector/serve.h"

#include "base/log.h"
#include "base/metrics.h"
#include "ingest/collector/intake.h"
#include "ingest/kafka/kafka_sink.h"

namespace weir {
namespace {

ExitCode give_up(const Error& error) {
  log_error(error.text());
  return exit_code_of(error);
}

std::vector<std::string> why_not_ready(RecordSink& sink) {
  auto partitions = sink.partition_count(Deadline::in(std::chrono::seconds(1)));
  if (partitions) return {};
  return {partitions.error().text()};
}

}  // namespace

ExitCode serve_collector(const CollectorSettings& settings, const std::stop_token& stop) {
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return give_up(key.error());
  Result<RouteTemplates> templates = route_templates(settings);
  if (!templates) return give_up(templates.error());
  Result<ApiKeys> keys = ApiKeys::read(settings.keys_file);
  if (!keys) return give_up(keys.error());
  Result<std::unique_ptr<KafkaSink>> sink = KafkaSink::open(settings.kafka);
  if (!sink) return give_up(sink.error());

  Metrics metrics;
  Stamp stamp(*std::move(templates));
  IntakeOptions options;
  options.permitted_future = settings.permitted_future;
  options.write_timeout = settings.write_timeout;
  options.tenant_bytes_max = settings.tenant_bytes_max;
  options.body_bytes_max = static_cast<std::size_t>(settings.http.body_bytes_max);
  Intake intake(**sink, *key, stamp, options, system_clock(), metrics);

  HttpServer server(settings.http, metrics, *keys);
  server.route("POST", "/v1/events", Access::tenant,
               [&](const HttpRequest& request) { return intake.post(request); });
  server.readiness([&] { return why_not_ready(**sink); });
  if (Status started = server.start(); !started) return give_up(started.error());

  while (!sleep_until_stop(stop, std::chrono::hours(1))) {
  }
  server.stop();
  return ExitCode::done;
}

}  // namespace weir
