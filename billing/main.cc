// weir-billing: proves that all is in, closes the period, invoices, charges. Called by cron.
#include "base/command_line.h"
#include "billing/commands.h"
#include "billing/commands_decide.h"
#include "billing/crosscheck/commands.h"
#include "billing/options.h"
#include "billing/verify/commands.h"

using namespace weir;
using namespace weir::billing;

int main(int argc, char** argv) {
  CommandLine line("weir-billing", "proves completeness, closes the period, invoices, charges");
  Settings declared("weir-billing");
  BillingOptions options;
  declare(declared, &options);
  std::string file;
  std::string id;
  bool json = false;

  Command& migrate = line.command("migrate", "create or update the billing schema");
  migrate.settings(&declared);
  migrate.run([&] { return migrate_command(options); });

  Command& check_file = line.command("catalog check", "validate a catalogue; touches no database");
  check_file.positional("FILE", &file, "the catalogue, TOML", Presence::required);
  check_file.run([&] { return catalog_check_command(file); });

  Command& diff = line.command("catalog diff", "show what applying a catalogue would change");
  diff.settings(&declared);
  diff.positional("FILE", &file, "the catalogue, TOML", Presence::required);
  diff.run([&] { return catalog_diff_command(options, file); });

  Command& apply = line.command("catalog apply", "put a catalogue in force");
  apply.settings(&declared);
  apply.positional("FILE", &file, "the catalogue, TOML", Presence::required);
  apply.run([&] { return catalog_apply_command(options, file); });

  auto declare_command = [&](const char* name, const char* sentence) -> Command& {
    Command& command = line.command(name, sentence);
    command.settings(&declared);
    command.flag("--json", &json, "print one JSON object");
    return command;
  };
  declare_command("check", "may we charge? the gate, partition by partition").run([&] {
    return check_command(options, json);
  });
  declare_command("run", "gate, close, invoice, charge; safe at any time").run([&] {
    return run_command(options, json);
  });
  declare_command("preview", "what a close would invoice now").run([&] {
    return preview_command(options, json);
  });
  declare_command("invoices", "all invoices and their charges").run([&] {
    return invoices_command(options, json);
  });
  Command& show = declare_command("show", "one invoice, with its lines and its charge's history");
  show.positional("ID", &id, "the invoice", Presence::required);
  show.run([&] { return show_command(options, id, json); });
  declare_command("held", "what is due and not charged, and why").run([&] {
    return held_command(options, json);
  });
  std::string export_to;
  Command& certificates = declare_command("certificates", "the chain of closes, verified");
  certificates.option("--export", &export_to, "write all of them to this file, as JSON lines");
  certificates.run([&] {
    if (!export_to.empty()) return export_certificates_command(options, export_to);
    return certificates_command(options, json);
  });

  VerifyArguments verify_arguments;
  Command& verify =
      line.command("verify", "recompute closes, invoices and ledger; same, or exit 70");
  verify.settings(&declared);
  verify.option("--close", &verify_arguments.close, "this close alone");
  verify.flag("--from-stream", &verify_arguments.from_stream,
              "recount usage from the stream itself, as far as it is kept");
  verify.flag("--json", &verify_arguments.json, "print one JSON object");
  verify.run([&] { return verify_command(options, verify_arguments); });

  CrosscheckArguments crosscheck_arguments;
  Command& crosscheck = line.command(
      "crosscheck", "does analytics count the same? a report; exit 1 when it does not");
  crosscheck.settings(&declared);
  crosscheck.option("--close", &crosscheck_arguments.close,
                    "at this close's cut, not the last one's");
  crosscheck.option("--from", &crosscheck_arguments.from, "event times from here, RFC 3339");
  crosscheck.option("--to", &crosscheck_arguments.to, "and before this");
  crosscheck.flag("--json", &crosscheck_arguments.json, "print one JSON object");
  crosscheck.run([&] { return crosscheck_command(options, crosscheck_arguments); });

  declare_decisions(line, declared, options, json);

  return line.main(argc, argv);
}
