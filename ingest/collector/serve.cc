#include "ingest/collector/serve.h"

#include "base/log.h"
#include "base/metrics.h"
#include "ingest/collector/intake.h"
#include "ingest/collector/outlet.h"

#include <fmt/format.h>

namespace weir {
namespace {

ExitCode give_up(const Error& error) {
  log_error(error.text());
  return exit_code_of(error);
}

// Kafka being away is no reason: events are accepted all the same.
std::vector<std::string> why_not_ready(const ProducerStanding& standing,
                                       const CollectorSettings& settings) {
  std::vector<std::string> reasons;
  if (!standing.not_ready.empty()) reasons.push_back(standing.not_ready);
  if (standing.spool_bytes >= settings.spool_bytes_max) {
    reasons.push_back(fmt::format(
        "the spool is full: {} bytes, the oldest event waits since {}", standing.spool_bytes,
        format_rfc3339(standing.oldest_waiting.value_or(WallTime{}).value)));
  }
  return reasons;
}

OutletPurpose purpose_of(const CollectorSettings& settings) {
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, "serve");
  purpose.name = settings.producer;
  purpose.accepted_when =
      settings.accepted_when == "broker" ? AcceptedWhen::broker : AcceptedWhen::spool;
  return purpose;
}

}  // namespace

ExitCode serve_collector(const CollectorSettings& settings, const std::stop_token& stop) {
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return give_up(key.error());
  Result<RouteTemplates> templates = route_templates(settings);
  if (!templates) return give_up(templates.error());
  Result<ApiKeys> keys = ApiKeys::read(settings.keys_file);
  if (!keys) return give_up(keys.error());
  Metrics metrics;
  Result<std::unique_ptr<Outlet>> outlet = Outlet::open(settings, purpose_of(settings), metrics);
  if (!outlet) return give_up(outlet.error());
  const VolumeWatch volume = watch_spool(purpose_of(settings).folder, metrics);
  Producer& producer = (*outlet)->producer();
  Stamp stamp(*std::move(templates));
  IntakeOptions options;
  options.permitted_future = settings.permitted_future;
  options.write_timeout = settings.write_timeout;
  options.tenant_bytes_max = settings.tenant_bytes_max;
  options.body_bytes_max = static_cast<std::size_t>(settings.http.body_bytes_max);
  Intake intake(producer, *key, stamp, options, system_clock(), metrics);

  HttpServer server(settings.http, metrics, *keys);
  server.route("POST", "/v1/events", Access::tenant,
               [&](const HttpRequest& request) { return intake.post(request); });
  server.route("GET", "/v1/producer", Access::admin, [&](const HttpRequest&) {
    return HttpResponse::json(200, standing_json(producer.standing(), system_clock()));
  });
  server.readiness([&] { return why_not_ready(producer.standing(), settings); });
  // Whoever finds the port open finds it accepting, where the broker is there. Where it is not, a
  // spool that has registered before accepts all the same, and /readyz says what a new one waits for.
  if (Status ready = producer.begin(Deadline::in(settings.stream.timeout)); !ready) {
    log_warn("not accepting yet", {{"error", ready.error().text()}});
  }
  (*outlet)->start();
  if (Status started = server.start(); !started) return give_up(started.error());

  while (!sleep_until_stop(stop, std::chrono::hours(1))) {
  }
  server.stop();
  (*outlet)->stop();
  return ExitCode::done;
}

}  // namespace weir
