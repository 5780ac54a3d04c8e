// weir-analytics: turns the stream into answers.
#include "analytics/options.h"
#include "analytics/run.h"
#include "base/command_line.h"

using namespace weir;

int main(int argc, char** argv) {
  const std::stop_token stop = stop_on_signals();
  CommandLine line("weir-analytics", "turns the stream into answers about the requests");
  Settings declared("weir-analytics");
  AnalyticsOptions options;
  declare(declared, &options);

  Command& consume = line.command("consume", "consume the stream into segments and rollups");
  consume.settings(&declared);
  consume.run([&] { return run_consume(options, stop); });

  Command& serve = line.command("serve", "answer queries over HTTP");
  serve.settings(&declared);
  serve.run([&] { return run_serve(options, stop); });

  bool once = false;
  Command& compact = line.command("compact", "merge small files; apply retention and disk budget");
  compact.settings(&declared);
  compact.flag("--once", &once, "one round, then end");
  compact.run([&] { return run_compact(options, once, stop); });

  Command& accept = line.command(
      "volume accept", "analytics.volume is the volume from now on, whatever its marker says");
  accept.settings(&declared);
  accept.run([&] { return accept_analytics_volume(options); });

  return line.main(argc, argv);
}
