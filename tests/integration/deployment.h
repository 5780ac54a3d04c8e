// A whole Weir for one test: its own topic, database, volumes, keys and configuration, on the PostgreSQL
// server of the run and its broker, or, where WEIR_TEST_STREAM says `file`, on a file log of its own. Its
// processes are the real binaries.
//
// Everything that is called may fail; a failure that the test is not about ends the test at once, with
// the output of what failed. Threads: one.
#pragma once

#include "base/metrics.h"
#include "ingest/connect/stream_options.h"
#include "ingest/stream/sink.h"
#include "storage/postgres/connection.h"
#include "tests/integration/child_process.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {

struct DeploymentOptions {
  int partitions = 4;
  std::string bucket = "1s";
  std::string permitted_future = "1s";
  std::string delivery_timeout = "2s";
  std::string grace = "3s";
  std::string more = "";         // further lines of weir.toml
  std::string more_ingest = "";  // further lines of its table [ingest]; so the next
  std::string more_quota = "";
  std::string more_billing = "";
  /// Change the roles' connection strings, for example to lead them through a proxy.
  std::function<std::string(const std::string&)> rewire_quota = {};
  std::function<std::string(const std::string&)> rewire_billing = {};
  /// How a process is started, for example as another user: gets its words, gives those that do it.
  std::function<std::vector<std::string>(std::vector<std::string>)> launch = {};
  /// Connection strings of another server than the run's; empty: the run's.
  std::string postgres_admin = "", postgres_quota = "", postgres_billing = "";
};

class Deployment {
 public:
  explicit Deployment(const DeploymentOptions& options = {});
  ~Deployment();

  /// Applies the catalogue to both sides.
  void apply_catalog(const std::string& toml);

  using Words = std::vector<std::string>;
  /// One of Weir's binaries, to its end, with this deployment's configuration.
  Finished run(const std::string& binary, const Words& words);
  /// The same, and must exit 0.
  std::string run_well(const std::string& binary, const Words& words);
  /// The whole command of it.
  Words command(const std::string& binary, const Words& words) const;
  /// Left running; `name` names its log.
  std::unique_ptr<ChildProcess> start(const std::string& binary, const Words& words,
                                      const std::string& name);
  /// "http://127.0.0.1:PORT" of a process that start() started, once it listens.
  std::string url_of(ChildProcess& process);

  /// The tenant's API key, made at the first call. Servers read keys when they start.
  std::string api_key(const std::string& tenant);
  /// Status and body of a request with the tenant's key.
  std::pair<int, std::string> get(const std::string& url, const std::string& tenant);
  std::pair<int, std::string> post(const std::string& url, const std::string& tenant,
                                   const std::string& content_type, const std::string& body);

  /// `lines` to the topic, keyed by what stands before the first '|': by kcat, or straight into the log.
  void kcat(const std::string& keyed_lines, bool java_partitioner = true);

  /// First column of the first row, as text; "" for no row. As the superuser.
  std::string sql(const std::string& query);
  std::int64_t sql_number(const std::string& query);
  /// Records that the topic holds, over all partitions.
  std::int64_t log_end();
  /// Sum of quota's `next`; equals log_end() when all is applied.
  std::int64_t applied_to();
  /// The same of analytics' progress; 0 while it has no catalogue yet.
  std::int64_t analytics_applied_to();
  /// Rows that analytics' segments hold.
  std::int64_t analytics_rows();
  /// After the database server was killed and started again.
  void reconnect();
  /// The database of the same name of another server, from now on: what runs keeps the one that it
  /// started with.
  void use_server(const std::string& admin, const std::string& quota, const std::string& billing);
  /// received = applied + duplicate + quarantined + unprovable, for every partition.
  void expect_counts_add_up();
  /// Charges in the file provider's file.
  std::vector<std::string> charges();
  /// The minor units of all of them together: a charge that stands there twice counts twice.
  std::int64_t charged_minor();
  /// Usage and adjustments together, over all subscriptions and meters.
  std::int64_t counted_units();

  const std::string& folder() const { return folder_; }
  const std::string& topic() const { return topic_; }
  /// The topic, for a client of the test's own.
  StreamOptions stream() const;
  KafkaOptions kafka() const { return stream().kafka_options(); }
  /// As an operator's mistake would: the topic and all that is in it.
  void delete_topic();
  /// Of the configuration, from now on: what runs keeps the one that it started with.
  void use_topic(const std::string& topic);
  const std::string& database() const { return database_; }

 private:
  void create_database();
  /// On a file log: by the test's own process, while no weir-ingest does.
  void keep_log();
  void append_keyed(const std::string& keyed_lines, bool java_partitioner);
  std::string server(const std::string& own, const char* of_the_run) const;
  std::int64_t analytics_number(const std::string& query);
  void write_config();

  DeploymentOptions options_;
  std::string folder_;
  std::string name_;
  std::string topic_;
  std::string database_;
  std::map<std::string, std::string> keys_;
  std::unique_ptr<Connection> admin_;
  Metrics log_metrics_;
  std::unique_ptr<RecordSink> log_;  // on a file log, once it was needed
  int runs_ = 0;
};

/// The stream of this run is a file log.
bool on_file_log();

/// `action` ("kill", "start") on a server of the run ("postgres", "kafka"). Kill is kill -9 of the whole
/// group, as a power cut would. Ends the test when it cannot be done.
void run_server(const std::string& action, const std::string& server);
void kill_and_start(const std::string& server);

/// Now, at the begin of its second.
std::int64_t now_second_us();

/// An address or a path that the fixture hands over; ends the run when it is not there.
std::string environment(const std::string& name);

}  // namespace weir::test
