// weir-ingest: takes request logs in and appends them to the stream.
#include "base/command_line.h"
#include "ingest/collector/admin.h"
#include "ingest/collector/generate_command.h"
#include "ingest/collector/load.h"
#include "ingest/collector/log_command.h"
#include "ingest/collector/redrive.h"
#include "ingest/collector/resend.h"
#include "ingest/collector/retire.h"
#include "ingest/collector/serve.h"
#include "ingest/collector/settings.h"
#include "ingest/collector/tail.h"

using namespace weir;

namespace {

void declare_lines(Command& command, LineArguments* lines) {
  command.option("--format", &lines->format,
                 "combined (default), nginx_json, or ndjson (events as JSON, one a line)");
  command.option("--tenant", &lines->tenant, "whose requests these are");
  command.option("--subscription", &lines->subscription, "of lines that bear none");
  command.option("--subscription-from", &lines->subscription_from,
                 "combined: the field that bears the subscription, user or client");
  command.option("--subscription-map", &lines->subscription_map,
                 "file of VALUE SUBSCRIPTION, a pair a line");
  command.option("--fields", &lines->fields,
                 "nginx_json: FIELD=MEMBER,… where it differs from deploy/nginx");
  command.option("--api", &lines->api, "of lines that bear none");
  command.option("--gateway", &lines->gateway, "of lines that bear none");
  command.option("--rejects", &lines->rejects, "file for refused lines");
}

}  // namespace

int main(int argc, char** argv) {
  const std::stop_token stop = stop_on_signals();
  CommandLine line("weir-ingest", "takes request logs in and appends them to the stream");
  Settings declared("weir-ingest");
  CollectorSettings settings;
  declare(declared, &settings);

  Command& serve = line.command("serve", "take events over HTTP: POST /v1/events");
  serve.settings(&declared);
  serve.run([&] { return serve_collector(settings, stop); });

  TailArguments tailed;
  Command& tail = line.command("tail", "follow a log file, through rotations and restarts");
  tail.settings(&declared);
  tail.positional("FILE", &tailed.file, "the log file; it need not be there yet",
                  Presence::required);
  declare_lines(tail, &tailed.lines);
  tail.run([&] { return tail_file(settings, tailed, stop); });

  LoadArguments loaded;
  Command& load = line.command("load", "append a whole log file, once");
  load.settings(&declared);
  load.positional("FILE", &loaded.file, "the log file", Presence::required);
  declare_lines(load, &loaded.lines);
  load.flag("--json", &loaded.json, "print the counts for machines");
  load.run([&] { return load_file(settings, loaded, stop); });

  RetireArguments retired;
  Command& retiring = line.command("retire", "say that a source has ended: `serve`, or a tail");
  retiring.settings(&declared);
  retiring.option("--tail", &retired.tail, "the log file whose tail has ended; else `serve`");
  retiring.option("--spool", &retired.spool, "the spool folder itself, of whatever source");
  retiring.option("--give-up", &retired.give_up,
                  "of a tail: why lines that it has not read are not to count");
  retiring.run([&] { return retire(settings, retired, stop); });

  RedriveArguments redriven;
  Command& redrive = line.command("redrive", "append mended events of quarantined records");
  redrive.settings(&declared);
  redrive.positional("FILE", &redriven.file,
                     "lines of {\"child\":17,\"partition\":3,\"event\":{…}}", Presence::required);
  redrive.option("--row", &redriven.row, "the quarantine row: its runs share a spool");
  redrive.run([&] { return redrive_file(settings, redriven, stop); });

  std::string kept;
  Command& resending =
      line.command("resend", "append the records of a spool that the topic could not take");
  resending.settings(&declared);
  resending.positional("FOLDER", &kept, "the spool folder: what is in FOLDER/rejects is sent",
                       Presence::required);
  resending.run([&] { return resend(settings, kept, stop); });

  Command& accept =
      line.command("volume accept",
                   "the folder of the spools is the volume from now on, whatever its marker says");
  accept.settings(&declared);
  accept.run([&] { return accept_spool_volume(settings); });

  LogArguments looked;
  Command& verify = line.command("log verify", "is a file log whole? A spool holds one an epoch");
  verify.positional("FOLDER", &looked.folder, "the log's folder, as …/spool/serve/epoch-1",
                    Presence::required);
  verify.flag("--json", &looked.json, "print the findings for machines");
  verify.run([&] { return verify_log(looked); });
  Command& dump = line.command("log dump", "print records of a file log, as JSON, one a line");
  dump.positional("FOLDER", &looked.folder, "the log's folder", Presence::required);
  dump.option("--partition", &looked.partition, "default 0");
  dump.option("--from", &looked.from, "the first offset (default 0)");
  dump.option("--count", &looked.count, "how many at most (default 10)");
  dump.run([&] { return dump_log(looked); });

  GenerateArguments generated;
  Command& generate =
      line.command("generate", "append made-up events by seed, and say what they come to");
  generate.settings(&declared);
  declare_generate(generate, &generated);
  generate.run([&] { return generate_events(settings, generated, stop); });

  TopicArguments topic;
  Command& create = line.command("topic create", "make the Kafka topic as Weir needs it");
  create.settings(&declared);
  create.option("--partitions", &topic.partitions, "fixed for the topic's life (default 8)");
  create.option("--replication", &topic.replication, "copies of each record (default 1)");
  create.option("--min-insync-replicas", &topic.min_insync_replicas,
                "copies that must have a record before it is acknowledged (default 1)");
  create.option("--retention-hours", &topic.retention_hours, "how long records stay (default 168)");
  create.run([&] { return create_topic(settings, topic); });

  std::string tenant, name, file = "keys.toml";
  Command& keys = line.command("keys new", "make an API key and print it once");
  keys.option("--tenant", &tenant, "whose key it is");
  keys.option("--name", &name, "what it is for");
  keys.option("--file", &file, "the keys file to append to (default keys.toml)");
  keys.run([&] { return new_key(tenant, name, file); });

  return line.main(argc, argv);
}
