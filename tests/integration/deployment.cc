#include "tests/integration/deployment.h"

#include "base/digest.h"
#include "base/http/client.h"
#include "storage/sqlite/sqlite.h"
#include "tests/integration/must.h"

#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace weir::test {
namespace {

constexpr std::string_view kSecret = "an identity key for tests alone";

// The connection string of a role of the run's server, for another database.
std::string with_database(const std::string& conninfo, const std::string& database) {
  const auto at = conninfo.find("dbname=");
  const auto end = conninfo.find(' ', at);
  return conninfo.substr(0, at) + "dbname=" + database + conninfo.substr(end);
}

}  // namespace

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    give_up(name +
            " is not set: run these tests by ./weir test, which starts the servers they need");
  }
  return value;
}

void run_server(const std::string& action, const std::string& server) {
  const std::string home = environment("WEIR_TEST_SERVICES_HOME");
  const Finished done =
      run({"/usr/bin/env", "WEIR_HOME=" + home, environment("WEIR_TEST_DRIVER"), action, server},
          home + "/run-server");
  if (done.exit_code != 0) give_up(action + " " + server + ": " + done.err);
  // Everybody was told its address once, and would wait for it there.
  if (action != "start" || server != "kafka") return;
  const std::string kafka = "WEIR_TEST_KAFKA_BROKERS=" + environment("WEIR_TEST_KAFKA") + "\n";
  if (done.out.find(kafka) == std::string::npos) {
    give_up("kafka came back at another address, its port was taken: " + done.out);
  }
}

void kill_and_start(const std::string& server) {
  run_server("kill", server);
  run_server("start", server);
}

std::int64_t now_second_us() {
  return system_clock().now().value / kMicrosPerSecond * kMicrosPerSecond;
}

Deployment::Deployment(const DeploymentOptions& options)
    : options_(options), name_("t" + random_hex(6)) {
  folder_ = std::filesystem::temp_directory_path() / ("weir-" + name_);
  topic_ = "weir." + name_;
  database_ = "weir_" + name_;
  for (const char* part : {"quota", "analytics", "ingest"}) {
    std::filesystem::create_directories(folder_ + "/" + part);
  }
  write_file(folder_ + "/secret", std::string(kSecret));
  write_file(folder_ + "/keys.toml", "");
  create_database();
  write_config();
  run_well("weir-ingest", {"topic", "create", "--partitions", std::to_string(options_.partitions)});
  run_well("weir-quota", {"migrate"});
  run_well("weir-billing", {"migrate"});
}

Deployment::~Deployment() {
  if (testing::Test::HasFailure()) {
    fmt::print("the files of the failed test: {}\n", folder_);
    return;
  }
  std::filesystem::remove_all(folder_);
}

std::string Deployment::server(const std::string& own, const char* of_the_run) const {
  return own.empty() ? environment(of_the_run) : own;
}

void Deployment::create_database() {
  PostgresOptions options;
  options.conninfo = server(options_.postgres_admin, "WEIR_TEST_POSTGRES");
  Connection server = must(Connection::open(options, soon()));
  must(server.run("create database " + database_, soon()));
  must(server.run(
      fmt::format("grant connect, create on database {} to weir_quota, weir_billing", database_),
      soon()));
  reconnect();
}

void Deployment::reconnect() {
  PostgresOptions options;
  options.conninfo =
      with_database(server(options_.postgres_admin, "WEIR_TEST_POSTGRES"), database_);
  admin_ = std::make_unique<Connection>(must(Connection::open(options, soon())));
}

void Deployment::write_config() {
  const DeploymentOptions& options = options_;
  const auto conninfo = [&](const std::string& own, const char* of_the_run, const auto& rewire) {
    const std::string text = with_database(server(own, of_the_run), database_);
    return rewire ? rewire(text) : text;
  };
  write_file(
      folder_ + "/weir.toml",
      fmt::format(
          R"([log]
format = "json"
[stream]
kind = "{kind}"
folder = "{folder}/stream"
topic = "{topic}"
session_timeout = "6s"
delivery_timeout = "{delivery}"
[kafka]
brokers = "{brokers}"
instance_id = "{name}"
[identity]
secret_file = "{folder}/secret"
[keys]
file = "{folder}/keys.toml"
[ingest]
listen = "127.0.0.1:0"
state_folder = "{folder}/ingest"
permitted_future = "{future}"
{more_ingest}
[quota]
listen = "127.0.0.1:0"
consumer_listen = "127.0.0.1:0"
database = "{quota}"
volume = "{folder}/quota"
group = "quota-{name}"
bucket = "{bucket}"
permitted_future = "{future}"
delivery_timeout = "{delivery}"
grace = "{grace}"
{more_quota}
[analytics]
listen = "127.0.0.1:0"
consumer_listen = "127.0.0.1:0"
compact_listen = "127.0.0.1:0"
volume = "{folder}/analytics"
group = "analytics-{name}"
permitted_future = "{future}"
[billing]
database = "{billing}"
charges_file = "{folder}/charges.jsonl"
metrics_file = "{folder}/billing.prom"
wait = "2s"
{more_billing}
{more})",
          fmt::arg("brokers", stream().kafka.brokers), fmt::arg("topic", topic_),
          fmt::arg("kind", stream().kind), fmt::arg("folder", folder_), fmt::arg("name", name_),
          fmt::arg("bucket", options.bucket), fmt::arg("future", options.permitted_future),
          fmt::arg("delivery", options.delivery_timeout), fmt::arg("grace", options.grace),
          fmt::arg("more", options.more), fmt::arg("more_ingest", options.more_ingest),
          fmt::arg("more_quota", options.more_quota),
          fmt::arg("more_billing", options.more_billing),
          fmt::arg("quota", conninfo(options.postgres_quota, "WEIR_TEST_POSTGRES_QUOTA",
                                     options.rewire_quota)),
          fmt::arg("billing", conninfo(options.postgres_billing, "WEIR_TEST_POSTGRES_BILLING",
                                       options.rewire_billing))));
}

void Deployment::use_server(const std::string& admin, const std::string& quota,
                            const std::string& billing) {
  options_.postgres_admin = admin;
  options_.postgres_quota = quota;
  options_.postgres_billing = billing;
  write_config();
  reconnect();
}

void Deployment::apply_catalog(const std::string& toml) {
  const std::string path = folder_ + "/catalog.toml";
  write_file(path, toml);
  run_well("weir-quota", {"catalog", "apply", path});
  run_well("weir-billing", {"catalog", "apply", path});
}

Deployment::Words Deployment::command(const std::string& binary, const Words& words) const {
  Words argv = {environment("WEIR_BIN") + "/" + binary};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.insert(argv.end(), {"--config", folder_ + "/weir.toml"});
  return options_.launch ? options_.launch(std::move(argv)) : argv;
}

Finished Deployment::run(const std::string& binary, const Words& words) {
  // A broker is always there; of a log somebody must take billing's barrier.
  if (binary == "weir-billing") keep_log();
  return weir::test::run(command(binary, words),
                         fmt::format("{}/run-{}-{}", folder_, ++runs_, binary));
}

std::string Deployment::run_well(const std::string& binary, const Words& words) {
  Finished done = run(binary, words);
  if (done.exit_code != 0) {
    give_up(fmt::format("{} {} exited {}:\n{}{}", binary, words.front(), done.exit_code, done.out,
                        done.err));
  }
  return done.out;
}

std::unique_ptr<ChildProcess> Deployment::start(const std::string& binary, const Words& words,
                                                const std::string& name) {
  return std::make_unique<ChildProcess>(command(binary, words), folder_ + "/" + name);
}

std::string Deployment::url_of(ChildProcess& process) {
  std::string port;
  const bool listens = eventually(std::chrono::seconds(30), [&] {
    // The last one: the log of a process that was started anew is appended to.
    const std::string log = process.err();
    const auto at = log.rfind("\"http listens\"");
    if (at == std::string::npos) return !process.running();
    const auto from = log.find("\"port\":", at);
    port = log.substr(from + 7, log.find_first_of(",}", from) - from - 7);
    return true;
  });
  if (!listens || port.empty()) give_up("does not listen:\n" + process.err());
  return "http://127.0.0.1:" + port;
}

std::string Deployment::api_key(const std::string& tenant) {
  auto known = keys_.find(tenant);
  if (known != keys_.end()) return known->second;
  std::string key =
      weir::test::run({environment("WEIR_BIN") + "/weir-ingest", "keys", "new", "--tenant", tenant,
                       "--name", "test", "--file", folder_ + "/keys.toml"},
                      folder_ + "/keys")
          .out;
  key.erase(key.find_last_not_of('\n') + 1);
  return keys_[tenant] = key;
}

std::pair<int, std::string> Deployment::get(const std::string& url, const std::string& tenant) {
  HttpClient client;
  HttpReply reply = must(client.get(url, {{"Authorization", "Bearer " + api_key(tenant)}}, soon()));
  return {reply.status, reply.body};
}

std::pair<int, std::string> Deployment::post(const std::string& url, const std::string& tenant,
                                             const std::string& content_type,
                                             const std::string& body) {
  HttpClient client;
  HttpReply reply = must(client.post(url,
                                     {{"Authorization", "Bearer " + api_key(tenant)},
                                      {"Content-Type", content_type},
                                      {"Idempotency-Key", random_hex(8)}},
                                     body, soon()));
  return {reply.status, reply.body};
}

std::string Deployment::sql(const std::string& query) {
  Rows rows = must(admin_->run(query, soon()));
  return rows.empty() ? "" : std::string(rows.text(0, 0));
}

std::int64_t Deployment::sql_number(const std::string& query) {
  const std::string text = sql(query);
  if (text.empty()) give_up("no number: " + query);
  return std::stoll(text);
}

std::int64_t Deployment::applied_to() {
  return sql_number(
      "select coalesce(sum(next), 0) from quota.progress p "
      "join quota.deployment d on d.incarnation = p.incarnation");
}

std::int64_t Deployment::analytics_applied_to() {
  return analytics_number("select coalesce(sum(next), 0) from progress");
}

std::int64_t Deployment::analytics_rows() {
  return analytics_number("select coalesce(sum(rows), 0) from offset_range");
}

std::int64_t Deployment::analytics_number(const std::string& query) {
  auto catalogue = SqliteDatabase::open(folder_ + "/analytics/catalogue.sqlite",
                                        SqliteMode::read_only, std::chrono::seconds(10));
  if (!catalogue) return 0;
  auto sum = catalogue->prepare(query);
  if (!sum) return 0;
  auto row = sum->step();
  return row && *row ? sum->integer(0) : 0;
}

void Deployment::expect_counts_add_up() {
  EXPECT_EQ(sql_number("select count(*) from quota.progress "
                       "where received <> applied + duplicate + quarantined + unprovable"),
            0);
}

std::int64_t Deployment::charged_minor() {
  constexpr std::string_view kAmount = "\"amount_minor\":";
  std::int64_t sum = 0;
  for (const std::string& line : charges()) {
    const auto at = line.find(kAmount);
    if (at == std::string::npos) give_up("a charge without an amount: " + line);
    sum += std::stoll(line.substr(at + kAmount.size()));
  }
  return sum;
}

std::int64_t Deployment::counted_units() {
  return sql_number(
      "select coalesce(sum(units), 0) + (select coalesce(sum(units), 0) from quota.adjustment) "
      "from quota.usage");
}

std::vector<std::string> Deployment::charges() {
  std::istringstream lines(read_whole(folder_ + "/charges.jsonl"));
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) out.push_back(line);
  return out;
}

}  // namespace weir::test
