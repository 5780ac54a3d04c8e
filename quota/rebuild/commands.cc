#include "quota/rebuild/commands.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/volume/durable_file.h"
#include "ingest/connect/connect.h"
#include "quota/commands.h"
#include "quota/consume.h"
#include "quota/postgres_store.h"
#include "quota/rebuild/postgres_rebuilt_ledger.h"
#include "quota/rebuild/rebuild.h"
#include "quota/setup.h"
#include "quota/volume.h"

#include <cstdio>
#include <memory>

namespace weir {
namespace {

constexpr std::size_t kExportBytesMax = std::size_t{1} << 30;

struct Arguments {
  std::string closes, decisions, file;
};

/// "" is no file, and nothing in it.
Result<std::string> read_export(const std::string& path) {
  if (path.empty()) return std::string();
  return read_file(path, kExportBytesMax);
}

void print(const std::string& line) { std::fputs((line + "\n").c_str(), stdout); }

ExitCode tell(const RebuildReport& report) {
  print(std::to_string(report.closes) + " closes and " + std::to_string(report.decisions) +
        " decisions made again");
  for (const std::string& note : report.notes) print("note: " + note);
  for (const std::string& difference : report.differences) print("differs: " + difference);
  if (report.differences.empty()) {
    print("same as the certificates say; go on with: weir-quota consume");
    return ExitCode::done;
  }
  print("nothing is closed until each of these flags is cleared: weir-quota flags list");
  return ExitCode::data;
}

Result<RebuildReport> rebuild_from_stream(const QuotaOptions& options, const Arguments& arguments,
                                          const std::stop_token& stop) {
  if (arguments.closes.empty()) {
    return Error{
        ErrorCode::config,
        "--closes is missing: without the closes, what was late would count as usage of long ago",
        "weir-billing certificates --export FILE; an empty file if nothing was ever closed"};
  }
  Result<std::string> closes = read_export(arguments.closes);
  if (!closes) return closes.error().within("--closes");
  Result<std::vector<CloseVector>> chain = read_close_vectors(*closes);
  if (!chain) return chain.error().within(arguments.closes);
  Result<std::string> decided = read_export(arguments.decisions);
  if (!decided) return decided.error().within("--decisions");
  Result<std::vector<PastDecision>> decisions = read_decisions(*decided);
  if (!decisions) return decisions.error().within(arguments.decisions);

  Result<HeldVolume> held = hold_volume(options.volume);
  if (!held) return std::move(held).error();
  Database database(postgres_options(options, "rebuild"));
  const Deadline deadline = Deadline::in(options.database_timeout);
  Result<Deployment> deployment = Error{ErrorCode::unavailable, "", ""};
  Result<std::string> volume = Error{ErrorCode::unavailable, "", ""};
  {
    Result<Database::Lease> lease = database.acquire(deadline);
    if (!lease) return std::move(lease).error();
    deployment = check_database(**lease, options.decided, options.stream.topic, deadline);
    if (!deployment) return std::move(deployment).error();
    WEIR_TRY(check_topic(options.stream, **lease, deadline));
    volume = inherit_volume(*held, *deployment, **lease, deadline);
    if (!volume) return std::move(volume).error();
  }
  Result<IdentityKey> key = IdentityKey::from_secret(options.identity_secret);
  if (!key) return std::move(key).error();
  Result<std::unique_ptr<Source>> source = connect_alone(options.stream, "rebuild");
  if (!source) return std::move(source).error();

  const LoopOptions loop = loop_options_of(options, *deployment, *volume);
  PostgresStore store(database, deployment->grace,
                      {loop.identity.horizon, loop.identity.restamp_window});
  Metrics metrics;
  const std::size_t all = chain->size();
  const RebuildFrom from{**source, *std::move(chain), *std::move(decisions)};
  PostgresRebuiltLedger ledger(database);
  RebuildInto into{ledger, store, *deployment, *key, loop, system_clock(), metrics};
  into.progress = [all](std::size_t done) {
    log_info("rebuilt up to a close", {{"close", done}, {"of", all}});
  };
  return rebuild(from, into, stop);
}

ExitCode rebuild_command(const QuotaOptions& options, const Arguments& arguments,
                         const std::stop_token& stop) {
  Result<RebuildReport> report = rebuild_from_stream(options, arguments, stop);
  return report ? tell(*report) : give_up(report.error());
}

ExitCode export_command(const QuotaOptions& options, const std::string& path) {
  const Deadline deadline = Deadline::in(std::chrono::minutes(1));
  Result<Connection> connection = Connection::open(postgres_options(options, "command"), deadline);
  if (!connection) return give_up(connection.error());
  Result<std::string> lines = export_decisions(*connection, deadline);
  if (!lines) return give_up(lines.error());
  if (path == "-") {
    std::fputs(lines->c_str(), stdout);
    return ExitCode::done;
  }
  if (const Status written = write_file_durably(path, *lines); !written) {
    return give_up(written.error());
  }
  print("decisions are in " + path);
  return ExitCode::done;
}

}  // namespace

void declare_rebuild_commands(CommandLine& line, Settings* settings, const QuotaOptions& options,
                              const std::stop_token& stop) {
  const auto arguments = std::make_shared<Arguments>();
  Command& exporting =
      line.command("decisions export", "what operators decided, as JSON lines; keep it elsewhere");
  exporting.settings(settings);
  exporting.positional("FILE", &arguments->file, "to be written; - prints it", Presence::required);
  exporting.run([arguments, &options] { return export_command(options, arguments->file); });

  Command& rebuilding =
      line.command("rebuild", "fill an empty quota database from the stream, close by close");
  rebuilding.settings(settings);
  rebuilding.option("--closes", &arguments->closes,
                    "what weir-billing certificates --export wrote; must be said");
  rebuilding.option("--decisions", &arguments->decisions, "of weir-quota decisions export");
  rebuilding.run(
      [arguments, &options, &stop] { return rebuild_command(options, *arguments, stop); });
}

}  // namespace weir
