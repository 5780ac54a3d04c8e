// check and run: the two commands that pass the gate.
#include "base/log.h"
#include "billing/command_parts.h"
#include "billing/commands.h"
#include "billing/log_eye.h"
#include "billing/postgres_bill_store.h"
#include "billing/postgres_charge_store.h"
#include "billing/postgres_close_store.h"
#include "billing/postgres_gate_store.h"
#include "billing/postgres_held_store.h"
#include "billing/print.h"
#include "billing/providers/file_provider.h"
#include "billing/run_lock.h"
#include "billing/run_metrics.h"
#include "ingest/connect/connect.h"

#include <optional>
#include <thread>

namespace weir::billing {
namespace {

/// The stream's two ends as billing needs them, and the gate between them.
struct GateParts {
  std::unique_ptr<StreamLog> log;
  std::unique_ptr<RecordSink> sink;
  std::unique_ptr<LogEye> eye;
  std::unique_ptr<PostgresGateStore> store;
  std::unique_ptr<Gate> gate;
};

Result<GateParts> make_gate(const BillingOptions& options, Database& database) {
  GateParts parts;
  auto log = connect_log(options.stream);
  if (!log) return log.error();
  parts.log = *std::move(log);
  auto sink = connect_sink(options.stream);
  if (!sink) return sink.error();
  parts.sink = *std::move(sink);
  parts.eye = std::make_unique<LogEye>(*parts.log);
  parts.store = std::make_unique<PostgresGateStore>(database);
  GateOptions gate;
  gate.wait = options.wait;
  gate.profile = profile_of(options);
  gate.hold_max = options.hold_max;
  gate.call_timeout = options.database_timeout;
  gate.look_timeout = options.stream.timeout;
  parts.gate = std::make_unique<Gate>(*parts.store, *parts.eye, *parts.sink, gate,
                                      [](Micros time) { std::this_thread::sleep_for(time); });
  return parts;
}

Result<std::int64_t> database_now(Database& database) {
  return PostgresGateStore(database).clock_us(Deadline::in(kCommandTimeout));
}

}  // namespace

ExitCode check_command(const BillingOptions& options, bool json) {
  const auto database = open_primary(options, "check");
  if (!database) return give_up(database.error());
  auto parts = make_gate(options, **database);
  if (!parts) return give_up(parts.error());
  const auto standing = parts->gate->stand();
  if (!standing) return give_up(standing.error());
  const auto readiness = parts->gate->prove(latest_edge(standing->now_us, standing->deployment));
  if (!readiness) return give_up(readiness.error());
  const Standing& proven = parts->gate->standing();
  print(json ? check_json(proven, *readiness) : check_text(proven, *readiness));
  if (!proven.stream) return ExitCode::unreachable;
  return readiness->ready() ? ExitCode::done : ExitCode::held;
}

namespace {

struct Ended {
  ExitCode code = ExitCode::done;
  std::optional<CycleReport> report;  // of a run that came that far
  bool another_runs = false;          // which speaks for itself
};

/// A run that cannot use its own database can prove nothing: what is due stays held, as it is when
/// anything else is missing, and the next run finds out what this one did.
ExitCode hold_for_database(const Error& error) {
  const ExitCode code = give_up(error);
  return code == ExitCode::unreachable ? ExitCode::held : code;
}

Ended run_once(const BillingOptions& options, bool json) {
  const auto database = open_primary(options, "run");
  if (!database) return {hold_for_database(database.error()), {}};
  const auto lock = RunLock::take(postgres_options(options, "run"), Deadline::in(kCommandTimeout));
  if (!lock) {
    const ExitCode code = hold_for_database(lock.error());
    return {code, {}, lock.error().code == ErrorCode::conflict};
  }
  const auto provider = FileProvider::open(options.charges_file);
  if (!provider) return {give_up(provider.error()), {}};
  auto parts = make_gate(options, **database);
  if (!parts) return {give_up(parts.error()), {}};

  PostgresCloseStore closes(**database);
  PostgresBillStore bills(**database);
  PostgresChargeStore charges(**database);
  PostgresHeldStore held(**database);
  CycleParts cycle{*parts->gate, closes, bills, charges, held, *parts->eye, **provider, {}};
  cycle.call_timeout = options.database_timeout;
  cycle.close_options.look_timeout = options.stream.timeout;
  cycle.close_options.profile = profile_of(options);
  cycle.close_options.hold_max = options.hold_max;
  auto report = run_cycle(cycle);
  if (!report) return {hold_for_database(report.error()), {}};
  const auto now = database_now(**database);
  if (!now) return {hold_for_database(now.error()), *std::move(report)};
  print(json ? run_json(*report, *now) : run_text(*report, *now));
  const ExitCode code = report->exit();
  return {code, *std::move(report)};
}

}  // namespace

ExitCode run_command(const BillingOptions& options, bool json) {
  const Ended ended = run_once(options, json);
  if (!ended.another_runs) {
    leave_metrics(options.metrics_file,
                  run_metrics(ended.report, system_clock().now().value, ended.code));
  }
  return ended.code;
}

}  // namespace weir::billing
