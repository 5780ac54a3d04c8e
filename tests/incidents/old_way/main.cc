// The processes of the original design (service.h says what it is):
//
//   old-way serve KIND FOLDER TOPIC DATABASE works|crashes   the one service, until it is killed or fails
//   old-way bill DATABASE FROM_US TO_US PRICE FILE           what cron starts
//
// KIND is `kafka`, whose address is in WEIR_TEST_KAFKA, or `file`: logs in FOLDER. Exit codes are those of
// base/process.h.
#include "base/log.h"
#include "base/process.h"
#include "ingest/connect/connect.h"
#include "tests/incidents/old_way/service.h"

#include <cstdlib>
#include <span>
#include <string>
#include <vector>

namespace weir::old_way {
namespace {

Result<Connection> open(const std::string& conninfo) {
  PostgresOptions options;
  options.conninfo = conninfo;
  return Connection::open(options, Deadline::in(std::chrono::seconds(10)));
}

Status serve_words(std::span<const std::string> words) {
  auto connection = open(words[3]);
  if (!connection) return connection.error();
  WEIR_TRY(create_tables(*connection));
  StreamOptions stream;
  stream.kind = words[0];
  stream.folder = words[1];
  stream.topic = words[2];
  stream.group = "old-way-" + stream.topic;
  stream.kafka.instance_id = "the-one-service";  // a restart is the same member
  if (const char* brokers = std::getenv("WEIR_TEST_KAFKA")) stream.kafka.brokers = brokers;
  auto source = connect_source(stream, stream.folder + "/old-way");
  if (!source) return source.error();
  return serve(**source, *connection,
               words[4] == "crashes" ? AnalyticsRelease::crashes : AnalyticsRelease::works,
               stop_on_signals());
}

Status bill_words(std::span<const std::string> words) {
  auto connection = open(words[0]);
  if (!connection) return connection.error();
  return bill(*connection, std::stoll(words[1]), std::stoll(words[2]), std::stoll(words[3]),
              words[4]);
}

ExitCode run(const std::vector<std::string>& words) {
  Status ended = Error{ErrorCode::invalid, "serve or bill, and their words", "see main.cc"};
  const std::span<const std::string> rest = std::span(words).subspan(words.empty() ? 0 : 1);
  if (rest.size() == 5 && words[0] == "serve") ended = serve_words(rest);
  if (rest.size() == 5 && words[0] == "bill") ended = bill_words(rest);
  if (ended) return ExitCode::done;
  log_error(ended.error().text());
  return exit_code_of(ended.error());
}

}  // namespace
}  // namespace weir::old_way

int main(int argc, char** argv) {
  return static_cast<int>(weir::old_way::run({argv + 1, argv + argc}));
}
