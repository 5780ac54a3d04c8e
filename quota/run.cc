#include "quota/run.h"

#include "base/log.h"
#include "base/volume/volume_watch.h"
#include "quota/api.h"
#include "quota/commands.h"
#include "quota/consume.h"

namespace weir {
namespace {

/// Everything that answers over HTTP: its own pool, ledger and limits.
struct Service {
  Database database;
  Ledger ledger;
  QuotaApi api;

  Service(const QuotaOptions& options, Metrics& metrics)
      : database(postgres_options(options, "serve")),
        ledger(database, {options.answer_age_max, options.database_timeout,
                          static_cast<std::size_t>(options.cache_entries)}),
        api(ledger, static_cast<std::size_t>(options.cache_entries), system_clock(), metrics) {}

  std::vector<std::string> not_ready() {
    auto view = ledger.view();
    if (!view) return {view.error().text()};
    if ((*view)->catalog == nullptr) {
      return {"no catalogue is applied: run weir-quota catalog apply FILE"};
    }
    return {};
  }
};

void append(std::vector<std::string>& to, std::vector<std::string> from) {
  for (std::string& reason : from) to.push_back(std::move(reason));
}

/// What is wrong whatever the parts say, before anything starts.
Status check_options(const QuotaOptions& options) {
  WEIR_TRY(check_database_named(options));
  const std::vector<Fault> faults = check_decided(options.decided);
  if (!faults.empty()) return Error{ErrorCode::config, format_faults(faults), ""};
  return Status();
}

/// The identity index lies there, and in the driver's homes the database as well.
VolumeWatch watch_volume(const QuotaOptions& options, Metrics& metrics) {
  return {
      options.volume,
      "quota",
      {{70,
        "make room, or make it larger: when it is full nothing is counted, and every close is held "
        "until there is room again"}},
      metrics};
}

void wait_for_stop(const std::stop_token& stop) {
  while (!sleep_until_stop(stop, std::chrono::hours(1))) {
  }
}

}  // namespace

ExitCode run_consumer(const QuotaOptions& options, const std::stop_token& stop) {
  if (Status fine = check_options(options); !fine) return give_up(fine.error());
  Metrics metrics;
  const VolumeWatch volume = watch_volume(options, metrics);
  QuotaConsumer consumer(options, metrics);
  const HttpServerOptions http =
      options.http.for_admins(options.consumer_listen, "quota.consumer_listen");
  const ApiKeys no_keys;
  HttpServer server(http, metrics, no_keys);
  server.readiness([&] { return consumer.not_ready(); });
  if (Status started = server.start(); !started) return give_up(started.error());
  const ExitCode ended = consumer.run(stop);
  server.stop();
  return ended;
}

ExitCode run_server(const QuotaOptions& options, const std::stop_token& stop) {
  if (Status fine = check_options(options); !fine) return give_up(fine.error());
  Result<ApiKeys> keys = ApiKeys::read(options.keys_file);
  if (!keys) return give_up(keys.error());
  Metrics metrics;
  Service service(options, metrics);
  HttpServer server(options.http, metrics, *keys);
  service.api.add_routes(server);
  server.readiness([&] { return service.not_ready(); });
  if (Status started = server.start(); !started) return give_up(started.error());
  wait_for_stop(stop);
  server.stop();
  return ExitCode::done;
}

ExitCode run_both(const QuotaOptions& options, const std::stop_token& stop) {
  if (Status fine = check_options(options); !fine) return give_up(fine.error());
  Result<ApiKeys> keys = ApiKeys::read(options.keys_file);
  if (!keys) return give_up(keys.error());
  Metrics metrics;
  const VolumeWatch volume = watch_volume(options, metrics);
  Service service(options, metrics);
  QuotaConsumer consumer(options, metrics);
  HttpServer server(options.http, metrics, *keys);
  service.api.add_routes(server);
  server.readiness([&] {
    std::vector<std::string> reasons = service.not_ready();
    append(reasons, consumer.not_ready());
    return reasons;
  });
  if (Status started = server.start(); !started) return give_up(started.error());
  const ExitCode ended = consumer.run(stop);
  server.stop();
  return ended;
}

}  // namespace weir
