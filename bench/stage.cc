#include "bench/stage.h"

#include "base/digest.h"
#include "bench/must.h"
#include "ingest/kafka/kafka_admin.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/child_process.h"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace weir::bench {
namespace {

// Fixed, so that a seed gives the same bytes for ever: 2025-06-01T00:00:00Z and six hours.
constexpr std::int64_t kFromUs = 1'748'736'000 * kMicrosPerSecond;
constexpr std::int64_t kToUs = kFromUs + 6 * 3600 * kMicrosPerSecond;
constexpr auto kFillTimeout = std::chrono::minutes(30);

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

std::string with_database(const std::string& conninfo, const std::string& database) {
  const auto at = conninfo.find("dbname=");
  const auto end = conninfo.find(' ', at);
  if (at == std::string::npos || end == std::string::npos) give_up("no dbname in a conninfo");
  return conninfo.substr(0, at) + "dbname=" + database + conninfo.substr(end);
}

PostgresOptions superuser(const std::string& database) {
  PostgresOptions options;
  options.conninfo = environment("WEIR_TEST_POSTGRES");
  if (!database.empty()) options.conninfo = with_database(options.conninfo, database);
  return options;
}

KafkaOptions kafka_options(const std::string& topic) {
  KafkaOptions options;
  options.brokers = environment("WEIR_TEST_KAFKA");
  options.topic = topic;
  return options;
}

void write_file(const std::string& path, const std::string& text) {
  if (!(std::ofstream(path) << text)) give_up("cannot write " + path);
}

constexpr std::string_view kConfig = R"([log]
format = "json"
[stream]
topic = "{topic}"
[kafka]
brokers = "{brokers}"
[identity]
secret = "the identity key of a bench"
[keys]
file = "{folder}/keys.toml"
[ingest]
state_folder = "{folder}/ingest"
[quota]
consumer_listen = "127.0.0.1:0"
database = "{database}"
volume = "{folder}/quota"
group = "{group}"
[analytics]
consumer_listen = "127.0.0.1:0"
volume = "{folder}/analytics"
group = "{group}"
)";

}  // namespace

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr)
    give_up(name + " is not set: `./weir bench` starts the servers and sets it");
  return value;
}

std::string path_of(const std::string& binary) { return environment("WEIR_BIN") + "/" + binary; }

Stage::Stage(const Load& load) : load_(load), name_("bench-" + random_hex(6)) {
  folder_ = std::filesystem::temp_directory_path() / ("weir-" + name_);
  std::filesystem::create_directories(folder_);
  json_ = fill("json");
  packed_ = fill("packed");
}

Stage::~Stage() {
  for (const std::string& database : databases_) drop_database(database);
  for (const Topic& topic : {json_, packed_}) {
    if (!topic.name.empty()) drop_topic(topic.name);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Topic Stage::fill(const std::string& format) {
  Topic topic{fmt::format("weir.{}-{}", name_, format), 0};
  const Place place = new_place(topic.name, "");
  run_well(
      {path_of("weir-ingest"), "topic", "create", "--partitions", std::to_string(load_.partitions)},
      place);
  const std::string totals = run_well(
      {path_of("weir-ingest"), "generate", "--events", std::to_string(load_.events), "--seed",
       std::to_string(load_.seed), "--tenants", "3", "--customers", std::to_string(load_.customers),
       "--poison-percent", "0", "--from", format_rfc3339(kFromUs), "--to", format_rfc3339(kToUs),
       "--format", format, "--json"},
      place);
  Expected expected = read_expected(totals);
  if (!expected_.usage.empty() && expected.usage != expected_.usage) {
    give_up("the same seed gave other events");
  }
  expected_ = std::move(expected);
  topic.records = log_end(topic.name);
  return topic;
}

std::int64_t Stage::log_end(const std::string& topic) const {
  auto admin = must(KafkaAdmin::open(kafka_options(topic)));
  std::int64_t sum = 0;
  for (std::int32_t p = 0; p < load_.partitions; ++p) {
    sum += must(admin->bounds(PartitionId(p), soon())).end.value;
  }
  return sum;
}

void Stage::drop_topic(const std::string& topic) const {
  auto admin = KafkaAdmin::open(kafka_options(topic));
  const Status dropped = admin ? (*admin)->delete_topic(soon()) : Status(admin.error());
  if (!dropped) fmt::print(stderr, "{} stays: {}\n", topic, dropped.error().text());
}

Place Stage::new_place(const std::string& topic, const std::string& database) {
  Place place;
  place.folder = fmt::format("{}/{}", folder_, ++places_);
  place.config = place.folder + "/weir.toml";
  place.database = database;
  std::filesystem::create_directories(place.folder);
  write_file(place.folder + "/keys.toml", "");
  const std::string conninfo =
      database.empty() ? "" : with_database(environment("WEIR_TEST_POSTGRES_QUOTA"), database);
  write_file(place.config, fmt::format(kConfig, fmt::arg("brokers", environment("WEIR_TEST_KAFKA")),
                                       fmt::arg("topic", topic), fmt::arg("folder", place.folder),
                                       fmt::arg("group", fmt::format("{}-{}", name_, places_)),
                                       fmt::arg("database", conninfo)));
  return place;
}

Place Stage::new_volume(const Topic& topic) { return new_place(topic.name, ""); }

Place Stage::new_ledger(const Topic& topic) {
  const std::string database = "weir_bench_" + random_hex(6);
  Connection server = must(Connection::open(superuser(""), soon()));
  must(server.run("create database " + database, soon()));
  databases_.insert(database);
  must(server.run(fmt::format("grant connect, create on database {} to weir_quota", database),
                  soon()));
  const Place place = new_place(topic.name, database);
  run_well({path_of("weir-quota"), "migrate"}, place);
  const std::string catalog = place.folder + "/catalog.toml";
  write_file(catalog, test::for_generated(expected_.subscriptions, "hour", kFromUs, kToUs));
  run_well({path_of("weir-quota"), "catalog", "apply", catalog}, place);
  return place;
}

void Stage::remove(const Place& place) {
  std::filesystem::remove_all(place.folder);
  if (databases_.erase(place.database) > 0) drop_database(place.database);
}

void Stage::drop_database(const std::string& database) const {
  auto server = Connection::open(superuser(""), soon());
  auto dropped = server ? server->run("drop database " + database + " with (force)", soon())
                        : Result<Rows>(server.error());
  if (!dropped) fmt::print(stderr, "{} stays: {}\n", database, dropped.error().text());
}

Connection Stage::connect(const Place& place) const {
  return must(Connection::open(superuser(place.database), soon()));
}

std::string Stage::run_well(const std::vector<std::string>& words, const Place& place) {
  std::vector<std::string> argv = words;
  argv.insert(argv.end(), {"--config", place.config});
  const test::Finished done = test::run(argv, place.folder + "/setup", kFillTimeout);
  if (done.exit_code != 0) {
    give_up(fmt::format("{} {} exited {}:\n{}{}", words[0], words[1], done.exit_code, done.out,
                        done.err));
  }
  return done.out;
}

}  // namespace weir::bench
