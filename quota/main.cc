// weir-quota: consumes the stream into the usage ledger; answers quota over HTTP.
#include "base/command_line.h"
#include "quota/commands.h"
#include "quota/operator/commands.h"
#include "quota/options.h"
#include "quota/rebuild/commands.h"
#include "quota/run.h"
#include "quota/volume_commands.h"

using namespace weir;

int main(int argc, char** argv) {
  const std::stop_token stop = stop_on_signals();
  CommandLine line("weir-quota", "consumes the stream into the usage ledger; answers quota");
  Settings declared("weir-quota");
  QuotaOptions options;
  declare(declared, &options);

  Command& migrate = line.command("migrate", "create or update the quota database");
  migrate.settings(&declared);
  migrate.run([&] { return migrate_command(options); });

  std::string catalogue;
  Command& check = line.command("catalog check", "validate a catalogue file; touches no database");
  check.positional("FILE", &catalogue, "the catalogue, TOML", Presence::required);
  check.run([&] { return catalog_check_command(catalogue); });

  Command& diff = line.command("catalog diff", "show what applying a catalogue would change");
  diff.settings(&declared);
  diff.positional("FILE", &catalogue, "the catalogue, TOML", Presence::required);
  diff.run([&] { return catalog_diff_command(options, catalogue); });

  Command& apply = line.command("catalog apply", "put a catalogue in force");
  apply.settings(&declared);
  apply.positional("FILE", &catalogue, "the catalogue, TOML", Presence::required);
  apply.run([&] { return catalog_apply_command(options, catalogue); });

  Command& run = line.command("run", "consume and serve, in one process");
  run.settings(&declared);
  run.run([&] { return run_both(options, stop); });

  Command& consume = line.command("consume", "consume the stream into the usage ledger");
  consume.settings(&declared);
  consume.run([&] { return run_consumer(options, stop); });

  Command& serve = line.command("serve", "answer usage, quota and checks over HTTP");
  serve.settings(&declared);
  serve.run([&] { return run_server(options, stop); });

  declare_operator_commands(line, &declared, options);
  declare_volume_commands(line, &declared, options);
  declare_rebuild_commands(line, &declared, options, stop);

  Command& status = line.command("status", "how far each partition is");
  status.settings(&declared);
  status.run([&] { return status_command(options); });

  return line.main(argc, argv);
}
