#include "base/http/server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/volume/durable_file.h"
#include "ingest/collector/outlet.h"
#include "ingest/collector/tail.h"
#include "ingest/collector/tail_health.h"
#include "ingest/collector/tail_input.h"

#include <fmt/format.h>

namespace weir {
namespace {

constexpr auto kWhenIdle = std::chrono::milliseconds(100);
constexpr auto kAfterError = std::chrono::seconds(1);

ExitCode give_up(const Error& error) {
  log_error(error.text());
  return exit_code_of(error);
}

// What a scrape sees of a tail.
struct TailMetrics {
  explicit TailMetrics(Metrics& metrics)
      : lines(metrics.gauge("weir_ingest_tail_lines", "lines read since the start")),
        accepted(metrics.gauge("weir_ingest_tail_lines_accepted", "lines that became events")),
        rejected(metrics.gauge("weir_ingest_tail_lines_rejected", "lines in the reject file")) {}
  void set(const ShipCounts& counts) {
    lines.set(counts.lines);
    accepted.set(counts.accepted);
    rejected.set(counts.rejected);
  }
  Gauge& lines;
  Gauge& accepted;
  Gauge& rejected;
};

// Says W once everything was read at a wall time >= W (R15).
class TailSeals {
 public:
  TailSeals(const Tail& tail, TailHealth& health, Producer& producer, Micros interval)
      : tail_(tail), health_(health), producer_(producer), interval_(interval) {}

  /// Before a step: takes W when it is time, or when `now`.
  void before_step(bool now) {
    if (until_ || (!now && std::chrono::steady_clock::now() < due_)) return;
    until_ = system_clock().now();
  }
  void after_step() {
    if (!until_ || !tail_.at_end()) return;
    if (health_.whole()) producer_.propose_seal(*until_);
    until_.reset();
    due_ = std::chrono::steady_clock::now() + interval_;
  }

 private:
  const Tail& tail_;
  TailHealth& health_;
  Producer& producer_;
  const Micros interval_;
  std::optional<WallTime> until_;
  std::chrono::steady_clock::time_point due_{};
};

ExitCode follow(Tail& tail, const LineShipper& shipper, TailSeals seals, TailHealth& health,
                TailMetrics metrics, const std::stop_token& stop) {
  if (Status begun = tail.begin(); !begun) return give_up(begun.error());
  health.whole();  // says at once what an earlier run has lost
  while (true) {
    const bool last = stop.stop_requested();
    seals.before_step(last);
    Result<bool> busy = tail.step(stop);
    health.after_step(busy ? Status{} : Status{busy.error()});
    if (busy) seals.after_step();
    metrics.set(shipper.counts());
    if (last) break;
    if (busy && *busy) continue;
    if (!busy && !stop.stop_requested()) log_error(busy.error().text());
    sleep_until_stop(stop, busy ? Micros(kWhenIdle) : Micros(kAfterError));
  }
  return ExitCode::done;
}

}  // namespace

ExitCode tail_file(const CollectorSettings& settings, const TailArguments& arguments,
                   const std::stop_token& stop) {
  Result<std::string> resolved = canonical_path(arguments.file);
  if (!resolved) return give_up(resolved.error());
  const std::string path = *std::move(resolved);
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return give_up(key.error());
  Result<RouteTemplates> routes = route_templates(settings);
  if (!routes) return give_up(routes.error());
  if (Status claimed = claim_spools(settings); !claimed) return give_up(claimed.error());
  TailState state(settings.state_folder, path);
  if (Status made = make_folders(state.path() + ".lock"); !made) return give_up(made.error());
  Result<FolderLock> lock = FolderLock::take(state.path() + ".lock");
  if (!lock) return give_up(lock.error().within(path + " is being tailed already"));
  Metrics metrics;
  OutletPurpose purpose;
  purpose.folder = spool_folder(settings, tail_source(path));
  purpose.name = settings.producer;
  Result<std::unique_ptr<Outlet>> outlet = Outlet::open(settings, purpose, metrics);
  if (!outlet) return give_up(outlet.error());
  const VolumeWatch volume = watch_spool(purpose.folder, metrics);
  Producer& producer = (*outlet)->producer();

  const std::string rejects =
      arguments.lines.rejects.empty() ? state.path() + ".rejects" : arguments.lines.rejects;
  Result<LineShipper> shipper = LineShipper::make(
      {producer, *key, system_clock(), settings.permitted_future, settings.write_timeout, 1},
      arguments.lines, *std::move(routes), RejectFile(rejects, true));
  if (!shipper) return give_up(shipper.error());

  const ApiKeys no_keys;
  HttpServerOptions options;
  options.listen = settings.tail_listen;
  options.listen_setting = "ingest.tail_listen";
  TailHealth tail_health(state, metrics);
  HttpServer health(options, metrics, no_keys);
  health.readiness([&] {
    std::vector<std::string> reasons = tail_health.why_not();
    if (std::string why = producer.standing().not_ready; !why.empty()) reasons.push_back(why);
    return reasons;
  });
  health.route("GET", "/v1/producer", Access::admin, [&](const HttpRequest&) {
    return HttpResponse::json(200, standing_json(producer.standing(), system_clock()));
  });
  if (!settings.tail_listen.empty()) {
    if (Status started = health.start(); !started) return give_up(started.error());
  }
  Tail tail(path, std::move(state), *shipper, system_clock());
  if (Status ready = (*outlet)->register_at_last(stop); !ready) return give_up(ready.error());
  (*outlet)->start();
  const ExitCode code =
      follow(tail, *shipper, TailSeals(tail, tail_health, producer, settings.seal_interval),
             tail_health, TailMetrics(metrics), stop);
  (*outlet)->stop();
  const ShipCounts& counts = shipper->counts();
  log_info("tail ends", {{"path", path},
                         {"lines", counts.lines},
                         {"accepted", counts.accepted},
                         {"rejected", counts.rejected}});
  return code;
}

}  // namespace weir
