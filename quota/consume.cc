#include "quota/consume.h"

#include "base/backoff.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/volume/ballast.h"
#include "ingest/connect/connect.h"
#include "quota/carry_over.h"
#include "quota/commands.h"
#include "quota/handler.h"
#include "quota/postgres_sql.h"
#include "quota/postgres_store.h"
#include "quota/setup.h"
#include "quota/stream_cursor.h"
#include "quota/volume.h"

#include <functional>
#include <mutex>
#include <random>

namespace weir {
namespace {

/// One that is frozen in a transaction holds its partitions for so long and no longer.
PostgresOptions consumers_options(const QuotaOptions& options) {
  PostgresOptions out = postgres_options(options, "consume");
  out.idle_in_transaction_timeout = options.database_timeout;
  return out;
}

/// Asks again while the answer is `unavailable` or `not_found`; nothing when asked to stop.
template <class T>
std::optional<Result<T>> wait_for(const char* what, const std::stop_token& stop,
                                  const std::function<Result<T>()>& ask) {
  Backoff backoff(std::random_device{}());
  while (!stop.stop_requested()) {
    Result<T> answer = ask();
    const bool later = !answer && (answer.error().code == ErrorCode::unavailable ||
                                   answer.error().code == ErrorCode::not_found);
    if (!later) return answer;
    const Micros pause = backoff.next();
    log_warn(std::string("waiting for ") + what,
             {{"error", answer.error().text()}, {"again_in", humane_duration(pause)}});
    if (sleep_until_stop(stop, pause)) break;
  }
  return std::nullopt;
}

/// The cluster must be the one that this database has always read (R1).
Status check_cluster(Connection& connection, const TopicDescription& topic, Deadline deadline) {
  if (topic.cleanup_policy != "delete") {
    return Error{ErrorCode::config, "the topic's cleanup.policy is " + topic.cleanup_policy,
                 "set it to delete: compaction would remove events that nobody has read"};
  }
  if (topic.timestamp_type != "LogAppendTime") {
    log_warn("the topic is not LogAppendTime: append times are the producers' claims",
             {{"message.timestamp.type", topic.timestamp_type}});
  }
  WEIR_TRY(connection.run("UPDATE quota.deployment SET cluster_id = $1 WHERE cluster_id = ''",
                          Params().text(topic.cluster_id), deadline));
  Result<Deployment> stands = read_deployment(connection, deadline);
  if (!stands) return stands.error();
  if (stands->cluster_id == topic.cluster_id) return Status();
  WEIR_TRY(connection.run(kInsertFlag,
                          Params()
                              .text("lineage")
                              .integer(stands->incarnation.value)
                              .null()
                              .text("the broker's cluster is " + topic.cluster_id),
                          deadline));
  return Error{
      ErrorCode::integrity,
      "the stream's cluster is " + topic.cluster_id + ", but this database was filled from " +
          stands->cluster_id,
      "see that [stream] and [kafka] name the stream of before; moving is a lineage change"};
}

Status inherit_from_stream(const QuotaOptions& options, const Deployment& deployment,
                           const Inheritance& inheritance, std::vector<PartitionState> heirs,
                           Store& store, const CarryOverOptions& carry,
                           const std::stop_token& stop) {
  const std::string& topic = inheritance.inherited.topic;
  const StreamOptions stream = options.stream.with_topic(topic);
  Result<std::unique_ptr<StreamLog>> log = connect_log(stream);
  if (!log) return log.error();
  Result<std::int32_t> there = (*log)->partition_count(Deadline::in(stream.timeout));
  if (!there && there.error().code == ErrorCode::not_found) {
    log_warn("inheritance: the former topic is gone; copies of its events will be unprovable",
             {{"topic", topic}});
    for (const PartitionState& heir : heirs) WEIR_TRY(carry.shorten(heir.partition));
    return {};
  }
  if (!there) return there.error();
  Result<IdentityKey> key = IdentityKey::from_secret(options.identity_secret);
  if (!key) return key.error();
  Result<std::unique_ptr<Source>> former = connect_alone(stream, "inherits");
  if (!former) return former.error();
  log_info("inheritance: reading the former topic again",
           {{"topic", topic},
            {"records", inheritance.inherited.length()},
            {"partitions", heirs.size()}});
  WEIR_TRY(
      carry_over(store, deployment, inheritance, std::move(heirs), **former, *key, carry, stop));
  log_info("inheritance is whole", {{"topic", topic}});
  return {};
}

}  // namespace

Status check_topic(const StreamOptions& options, Connection& connection, Deadline deadline) {
  Result<std::unique_ptr<StreamLog>> log = connect_log(options);
  if (!log) return log.error();
  Result<TopicDescription> topic = (*log)->describe(Deadline::in(options.timeout));
  if (!topic) return topic.error();
  return check_cluster(connection, *topic, deadline);
}

LoopOptions loop_options_of(const QuotaOptions& options, const Deployment& deployment,
                            const std::string& volume_id) {
  LoopOptions out = options.loop;
  out.permitted_future = deployment.permitted_future;
  out.check_partitioner = deployment.partitioner == "murmur2";
  out.identity.folder = options.volume + "/identity";
  out.identity.volume_id = volume_id;
  out.identity.skew = std::max(out.identity.skew, deployment.permitted_future);
  return out;
}

struct QuotaConsumer::State {
  const QuotaOptions options;
  Metrics& metrics;
  Database database;

  mutable std::mutex mutex;
  std::string stage = "starting";  // guarded by mutex; "" once the loop runs
  ConsumerLoop* loop = nullptr;    // guarded by mutex

  State(QuotaOptions o, Metrics& m)
      : options(std::move(o)), metrics(m), database(consumers_options(options)) {}

  Deadline call() const { return Deadline::in(options.database_timeout); }
  void at(const std::string& where, ConsumerLoop* running = nullptr) {
    std::lock_guard lock(mutex);
    stage = where;
    loop = running;
  }
  Result<Deployment> read_and_check();
  Result<std::string> settle(const HeldVolume& held, const Deployment& deployment);
  Status check_topic();
  Status inherit(const Deployment& deployment, const std::string& volume,
                 const std::stop_token& stop);
  Result<std::optional<Inheritance>> read_inheritance(Incarnation incarnation);
  ExitCode run_loop(const Deployment& deployment, const std::string& volume,
                    const std::stop_token& stop);
};

Result<Deployment> QuotaConsumer::State::read_and_check() {
  Result<Database::Lease> lease = database.acquire(call());
  if (!lease) return std::move(lease).error();
  return check_database(**lease, options.decided, options.stream.topic, call());
}

Result<std::string> QuotaConsumer::State::settle(const HeldVolume& held,
                                                 const Deployment& deployment) {
  Result<Database::Lease> lease = database.acquire(call());
  if (!lease) return std::move(lease).error();
  return settle_volume(held, deployment, **lease, call());
}

Status QuotaConsumer::State::check_topic() {
  Result<Database::Lease> lease = database.acquire(call());
  if (!lease) return lease.error();
  return weir::check_topic(options.stream, **lease, call());
}

Result<std::optional<Inheritance>> QuotaConsumer::State::read_inheritance(Incarnation incarnation) {
  Result<Database::Lease> lease = database.acquire(call());
  if (!lease) return std::move(lease).error();
  return weir::read_inheritance(**lease, incarnation, call());
}

/// R2: before the group is joined, the index holds what a move brought along.
Status QuotaConsumer::State::inherit(const Deployment& deployment, const std::string& volume,
                                     const std::stop_token& stop) {
  Result<std::optional<Inheritance>> found = read_inheritance(deployment.incarnation);
  if (!found) return found.error();
  if (!*found) return {};
  const Inheritance& inheritance = **found;
  const LoopOptions loop_options = loop_options_of(options, deployment, volume);
  PostgresStore store(database, deployment.grace,
                      {loop_options.identity.horizon, loop_options.identity.restamp_window});
  CarryOverOptions carry{loop_options.identity, loop_options.check_partitioner,
                         options.database_timeout};
  carry.shorten = [&](PartitionId partition) -> Status {
    Result<Database::Lease> lease = database.acquire(call());
    if (!lease) return lease.error();
    return shorten_inheritance(**lease, deployment.incarnation, partition,
                               inheritance.inherited.newest, call());
  };
  Result<std::vector<PartitionState>> heirs = find_heirs(store, deployment, inheritance, carry);
  if (!heirs) return heirs.error();
  if (heirs->empty()) return {};
  return inherit_from_stream(options, deployment, inheritance, *std::move(heirs), store, carry,
                             stop);
}

ExitCode QuotaConsumer::State::run_loop(const Deployment& deployment, const std::string& volume,
                                        const std::stop_token& stop) {
  Result<IdentityKey> key = IdentityKey::from_secret(options.identity_secret);
  if (!key) return give_up(key.error());
  Result<std::unique_ptr<Source>> source = connect_source(options.stream, options.volume);
  if (!source) return give_up(source.error());
  const LoopOptions loop_options = loop_options_of(options, deployment, volume);
  PostgresStore store(database, deployment.grace,
                      {loop_options.identity.horizon, loop_options.identity.restamp_window});
  QuotaHandler handler(store, deployment, metrics);
  const StreamCursor cursor(
      options.stream, database,
      std::max(loop_options.identity.horizon, loop_options.identity.restamp_window) +
          loop_options.identity.skew,
      options.database_timeout);
  ConsumerLoop running(**source, handler, *key, loop_options, system_clock(), metrics);
  at("", &running);
  const Status ended = running.run(stop);
  at("stopping");
  return ended ? ExitCode::done : give_up(ended.error());
}

QuotaConsumer::QuotaConsumer(const QuotaOptions& options, Metrics& metrics)
    : state_(new State(options, metrics)) {}
QuotaConsumer::~QuotaConsumer() = default;

ExitCode QuotaConsumer::run(const std::stop_token& stop) {
  State& state = *state_;
  Result<HeldVolume> held = hold_volume(state.options.volume);
  if (!held) return give_up(held.error());

  state.at("waiting for the database");
  auto deployment =
      wait_for<Deployment>("the database", stop, [&] { return state.read_and_check(); });
  if (!deployment) return ExitCode::done;
  if (!*deployment) return give_up(deployment->error());
  auto volume = wait_for<std::string>("the database", stop,
                                      [&] { return state.settle(*held, **deployment); });
  if (!volume) return ExitCode::done;
  if (!*volume) return give_up(volume->error());
  const BallastKeeper ballast(held->folder, "quota", state.options.ballast_bytes, state.metrics);

  state.at("waiting for the topic");
  auto topic = wait_for<bool>("the topic", stop, [&]() -> Result<bool> {
    WEIR_TRY(state.check_topic());
    return true;
  });
  if (!topic) return ExitCode::done;
  if (!*topic) return give_up(topic->error());

  state.at("reading what it inherits of the former topic");
  auto whole = wait_for<bool>("the former topic", stop, [&]() -> Result<bool> {
    WEIR_TRY(state.inherit(**deployment, **volume, stop));
    return true;
  });
  if (!whole) return ExitCode::done;
  if (!*whole) return give_up(whole->error());
  return state.run_loop(**deployment, **volume, stop);
}

std::vector<std::string> QuotaConsumer::not_ready() const {
  std::lock_guard lock(state_->mutex);
  if (!state_->stage.empty()) return {"the consumer is " + state_->stage};
  return state_->loop->not_ready();
}

}  // namespace weir
