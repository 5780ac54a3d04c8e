#include "bench/contestants.h"

#include "base/time.h"
#include "bench/must.h"
#include "storage/sqlite/sqlite.h"
#include "tests/integration/child_process.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>

namespace weir::bench {
namespace {

constexpr auto kPatience = std::chrono::hours(1);
constexpr auto kStopTimeout = std::chrono::seconds(60);
constexpr auto kLookInterval = std::chrono::milliseconds(5);

/// Of all children that have ended.
std::int64_t children_cpu_us() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto micros = [](const timeval& t) { return t.tv_sec * kMicrosPerSecond + t.tv_usec; };
  return micros(used.ru_utime) + micros(used.ru_stime);
}

std::int64_t now_us() { return system_clock().now().value; }

/// When the process logged its first assigned partition.
std::int64_t assigned_us(const std::string& log) {
  const auto at = log.find("\"partition assigned\"");
  if (at == std::string::npos) give_up("never assigned a partition:\n" + log);
  const auto line = log.rfind('\n', at) + 1;  // npos + 1 is the beginning
  simdjson::dom::parser parser;
  const simdjson::padded_string text(log.substr(line, log.find('\n', at) - line));
  return must(parse_rfc3339(std::string_view(parser.parse(text)["ts"])));
}

Taken run_bare(Stage& stage) {
  const std::int64_t cpu_before = children_cpu_us();
  const test::Finished done = test::run(
      {path_of("weir-bench-bare-consumer"), environment("WEIR_TEST_KAFKA"), stage.json().name},
      stage.folder() + "/bare", kPatience);
  if (done.exit_code != 0) give_up(done.err);
  simdjson::dom::parser parser;
  const simdjson::padded_string text(done.out);
  const simdjson::dom::element root = parser.parse(text);
  if (std::int64_t(root["records"]) != stage.json().records) give_up("records are missing");
  return {stage.expected().received, std::int64_t(root["micros"]), children_cpu_us() - cpu_before,
          ""};
}

/// Starts `binary consume`, waits until `applied_to` says that the topic's end is reached, and stops it.
Taken consume(const std::string& binary, const Place& place, std::int64_t end,
              const std::function<std::int64_t()>& applied_to) {
  const std::int64_t cpu_before = children_cpu_us();
  test::ChildProcess process({path_of(binary), "consume", "--config", place.config},
                             place.folder + "/consume");
  const Deadline deadline = Deadline::in(kPatience);
  while (applied_to() < end) {
    if (!process.running() || deadline.passed()) give_up(binary + " gave up:\n" + process.err());
    std::this_thread::sleep_for(kLookInterval);
  }
  Taken taken;
  taken.wall_us = now_us() - assigned_us(process.err());
  if (process.stop(kStopTimeout) != 0) give_up(binary + " did not stop well:\n" + process.err());
  taken.cpu_us = children_cpu_us() - cpu_before;
  return taken;
}

void expect_usage(const Stage& stage, const UsageLines& lines, Taken& taken) {
  taken.fingerprint = fingerprint(lines);
  if (lines == stage.expected().usage && taken.events == stage.expected().received) return;
  give_up(fmt::format("wrong: {} events and usage {}, not {} and {}", taken.events,
                      taken.fingerprint, stage.expected().received,
                      fingerprint(stage.expected().usage)));
}

Taken run_quota(Stage& stage, const Topic& topic) {
  const Place place = stage.new_ledger(topic);
  Connection ledger = stage.connect(place);
  const auto number = [&](const char* sql) {
    return must(ledger.run(sql, Deadline::in(kStopTimeout))).integer(0, 0);
  };
  Taken taken = consume("weir-quota", place, topic.records, [&] {
    return number("select coalesce(sum(next), 0)::bigint from quota.progress");
  });
  taken.events = number("select sum(received)::bigint from quota.progress");
  expect_usage(stage, ledger_usage(ledger), taken);
  stage.remove(place);
  return taken;
}

std::int64_t catalogue_number(const Place& place, const char* sql) {
  // The catalogue is there only when the consumer has made it.
  auto catalogue = SqliteDatabase::open(place.folder + "/analytics/catalogue.sqlite",
                                        SqliteMode::read_only, std::chrono::seconds(10));
  if (!catalogue) return 0;
  auto statement = catalogue->prepare(sql);
  if (!statement) return 0;
  return must(statement->step()) ? statement->integer(0) : 0;
}

Taken run_analytics(Stage& stage, const Topic& topic) {
  const Place place = stage.new_volume(topic);
  Taken taken = consume("weir-analytics", place, topic.records, [&] {
    return catalogue_number(place, "select coalesce(sum(next), 0) from progress");
  });
  taken.events = catalogue_number(place, "select sum(received) from progress");
  expect_usage(stage, segment_usage(place.folder + "/analytics", kBucketUs), taken);
  stage.remove(place);
  return taken;
}

}  // namespace

std::vector<Contestant> contestants() {
  return {
      {"bare-json", "a bare librdkafka consumer that drops what it reads", run_bare},
      {"quota-json", "Kafka to the ledger in PostgreSQL, an event a record",
       [](Stage& stage) { return run_quota(stage, stage.json()); }},
      {"quota-packed", "Kafka to the ledger in PostgreSQL, packed records",
       [](Stage& stage) { return run_quota(stage, stage.packed()); }},
      {"analytics-json", "Kafka to Parquet segments and rollups, an event a record",
       [](Stage& stage) { return run_analytics(stage, stage.json()); }},
      {"analytics-packed", "Kafka to Parquet segments and rollups, packed records",
       [](Stage& stage) { return run_analytics(stage, stage.packed()); }},
  };
}

}  // namespace weir::bench
