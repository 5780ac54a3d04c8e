#include "quota/setup.h"

#include "base/digest.h"
#include "quota/migrations.h"
#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"

#include <algorithm>

namespace weir {
namespace {

Error config_error(const std::vector<Fault>& faults) {
  return Error{ErrorCode::config, format_faults(faults), ""};
}

void compare(std::vector<Fault>& faults, const std::string& name, const std::string& set,
             const std::string& stored) {
  if (set == stored) return;
  faults.push_back({name, "is " + set + ", but the quota database was created with " + stored +
                              "; set it back, or create another database"});
}

Status insert_deployment(Connection& connection, const Decided& decided, const std::string& topic,
                         Deadline deadline) {
  // Of two processes at once, one inserts; what stands is compared afterwards by both.
  WEIR_TRY(connection.run(
      "INSERT INTO quota.deployment (deployment_id, topic, bucket_us, permitted_future_us, "
      "delivery_timeout_us, grace_us, partitioner, created_at_us) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, " WEIR_NOW_US ") ON CONFLICT DO NOTHING",
      Params()
          .text(random_hex(16))
          .text(topic)
          .integer(decided.bucket.count())
          .integer(decided.permitted_future.count())
          .integer(decided.delivery_timeout.count())
          .integer(decided.grace.count())
          .text(decided.partitioner),
      deadline));
  return Status();
}

/// A topic that differs since the stream moved, or is about to (R2).
Result<std::vector<Fault>> explain_topic(Connection& connection, const std::string& topic,
                                         std::vector<Fault> faults, Deadline deadline) {
  const auto fault = std::ranges::find(faults, "stream.topic", &Fault::where);
  if (fault == faults.end()) return faults;
  Result<Rows> rows = connection.run(
      "SELECT topic, former_topic, settled IS NULL FROM quota.move "
      "WHERE settled = 'finished' AND former_topic = $1 OR settled IS NULL AND topic = $1 "
      "ORDER BY id DESC LIMIT 1",
      Params().text(topic), deadline);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return faults;
  const std::string to(rows->text(0, 0)), from(rows->text(0, 1));
  fault->what = rows->integer(0, 2) != 0
                    ? "is " + topic + ", but the move to it is not finished: set it to " + from +
                          " until weir-quota move finish"
                    : "is " + topic + ", but the stream has moved to " + to + ": set it to " + to;
  return faults;
}

}  // namespace

std::vector<Fault> check_decided(const Decided& decided) {
  std::vector<Fault> faults;
  const Micros quarter = std::chrono::minutes(15);
  if (decided.bucket.count() <= 0 || quarter.count() % decided.bucket.count() != 0) {
    faults.push_back({"quota.bucket", "is " + format_duration(decided.bucket) +
                                          "; must divide 15m, so that every time zone's day "
                                          "starts on an edge"});
  }
  const Micros floor = decided.delivery_timeout + decided.permitted_future;
  if (decided.grace < floor) {
    faults.push_back({"quota.grace", "is " + format_duration(decided.grace) +
                                         "; must be at least delivery_timeout + permitted_future "
                                         "= " +
                                         format_duration(floor)});
  }
  return faults;
}

std::vector<Fault> compare_decided(const Decided& decided, const std::string& topic,
                                   const Deployment& deployment) {
  std::vector<Fault> faults;
  compare(faults, "quota.bucket", format_duration(decided.bucket),
          format_duration(deployment.bucket));
  compare(faults, "quota.permitted_future", format_duration(decided.permitted_future),
          format_duration(deployment.permitted_future));
  compare(faults, "quota.delivery_timeout", format_duration(decided.delivery_timeout),
          format_duration(deployment.delivery_timeout));
  compare(faults, "quota.grace", format_duration(decided.grace), format_duration(deployment.grace));
  compare(faults, "quota.partitioner", decided.partitioner, deployment.partitioner);
  compare(faults, "stream.topic", topic, deployment.topic);
  return faults;
}

Result<std::vector<std::string>> set_up_database(Connection& connection, const Decided& decided,
                                                 const std::string& topic, Deadline deadline) {
  if (const std::vector<Fault> faults = check_decided(decided); !faults.empty()) {
    return config_error(faults);
  }
  Result<std::vector<std::string>> done =
      migrate(connection, "quota", quota_migrations(), deadline);
  if (!done) return done;
  Result<Deployment> stands = read_deployment(connection, deadline);
  if (!stands && stands.error().code == ErrorCode::config) {
    WEIR_TRY(insert_deployment(connection, decided, topic, deadline));
    done->push_back("deployment");
    stands = read_deployment(connection, deadline);
  }
  if (!stands) return std::move(stands).error();
  const auto faults =
      explain_topic(connection, topic, compare_decided(decided, topic, *stands), deadline);
  if (!faults) return faults.error();
  if (!faults->empty()) return config_error(*faults);
  return done;
}

Result<Deployment> check_database(Connection& connection, const Decided& decided,
                                  const std::string& topic, Deadline deadline) {
  WEIR_TRY(check_migrated(connection, "quota", quota_migrations(), "weir-quota migrate", deadline));
  Result<Deployment> stands = read_deployment(connection, deadline);
  if (!stands) return stands;
  const auto faults =
      explain_topic(connection, topic, compare_decided(decided, topic, *stands), deadline);
  if (!faults) return faults.error();
  if (!faults->empty()) return config_error(*faults);
  return stands;
}

}  // namespace weir
