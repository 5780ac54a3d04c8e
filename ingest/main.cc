// weir-ingest: takes request logs in and appends them to the stream.
#include "base/command_line.h"
#include "ingest/collector/admin.h"
#include "ingest/collector/serve.h"
#include "ingest/collector/settings.h"

using namespace weir;

int main(int argc, char** argv) {
  const std::stop_token stop = stop_on_signals();
  CommandLine line("weir-ingest", "takes request logs in and appends them to the stream");
  Settings declared("weir-ingest");
  CollectorSettings settings;
  declare(declared, &settings);

  Command& serve = line.command("serve", "take events over HTTP: POST /v1/events");
  serve.settings(&declared);
  serve.run([&] { return serve_collector(settings, stop); });

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
