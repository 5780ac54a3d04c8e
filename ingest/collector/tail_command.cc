#include "base/http/server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/volume/durable_file.h"
#include "ingest/collector/tail.h"
#include "ingest/kafka/kafka_sink.h"

#include <climits>
#include <cstdlib>
#include <fmt/format.h>

namespace weir {
namespace {

constexpr auto kWhenIdle = std::chrono::milliseconds(100);
constexpr auto kAfterError = std::chrono::seconds(1);

ExitCode give_up(const Error& error) {
  log_error(error.text());
  return exit_code_of(error);
}

// The same file under two spellings is one tail. A file that is not there yet keeps its spelling.
std::string canonical(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : path;
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

ExitCode follow(Tail& tail, const LineShipper& shipper, TailMetrics metrics,
                const std::stop_token& stop) {
  if (Status begun = tail.begin(); !begun) return give_up(begun.error());
  while (!stop.stop_requested()) {
    Result<bool> busy = tail.step(stop);
    metrics.set(shipper.counts());
    if (busy && *busy) continue;
    if (!busy && stop.stop_requested()) break;
    if (!busy) log_error(busy.error().text());
    sleep_until_stop(stop, busy ? Micros(kWhenIdle) : Micros(kAfterError));
  }
  return ExitCode::done;
}

}  // namespace

ExitCode tail_file(const CollectorSettings& settings, const TailArguments& arguments,
                   const std::stop_token& stop) {
  const std::string path = canonical(arguments.file);
  Result<IdentityKey> key = identity_key(settings);
  if (!key) return give_up(key.error());
  Result<RouteTemplates> routes = route_templates(settings);
  if (!routes) return give_up(routes.error());
  TailState state(settings.state_folder, path);
  if (Status made = make_folders(state.path() + ".lock"); !made) return give_up(made.error());
  Result<FolderLock> lock = FolderLock::take(state.path() + ".lock");
  if (!lock) return give_up(lock.error().within(path + " is being tailed already"));
  Result<std::unique_ptr<KafkaSink>> sink = KafkaSink::open(settings.kafka);
  if (!sink) return give_up(sink.error());

  const std::string rejects =
      arguments.lines.rejects.empty() ? state.path() + ".rejects" : arguments.lines.rejects;
  Result<LineShipper> shipper = LineShipper::make(
      {**sink, *key, system_clock(), settings.permitted_future, settings.write_timeout, 1},
      arguments.lines, *std::move(routes), RejectFile(rejects, true));
  if (!shipper) return give_up(shipper.error());

  Metrics metrics;
  const ApiKeys no_keys;
  HttpServerOptions options;
  options.listen = settings.tail_listen;
  options.listen_setting = "ingest.tail_listen";
  HttpServer health(options, metrics, no_keys);
  if (!settings.tail_listen.empty()) {
    if (Status started = health.start(); !started) return give_up(started.error());
  }
  Tail tail(path, std::move(state), *shipper);
  const ExitCode code = follow(tail, *shipper, TailMetrics(metrics), stop);
  const ShipCounts& counts = shipper->counts();
  log_info("tail ends", {{"path", path},
                         {"lines", counts.lines},
                         {"accepted", counts.accepted},
                         {"rejected", counts.rejected}});
  return code;
}

}  // namespace weir
