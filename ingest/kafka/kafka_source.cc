#include "ingest/kafka/kafka_source.h"

#include "base/digest.h"
#include "base/log.h"
#include "ingest/kafka/kafka_log.h"
#include "ingest/kafka/source_events.h"

#include <algorithm>

namespace weir {
namespace {

using Steady = std::chrono::steady_clock;

constexpr auto kPublishInterval = std::chrono::seconds(1);
constexpr auto kRejoinInterval = std::chrono::seconds(1);
constexpr int kPollsBetweenChores = 1024;

/// A static member that comes back under its name is given what it had, without a look at what it asks
/// for: of a stream that has moved (R2) the old topic's partitions, and nobody reads the others.
std::string member_name(const KafkaOptions& options) {
  return options.instance_id + "-" + sha256_hex(options.topic).substr(0, 8);
}

KafkaConf& set_consumer(KafkaConf& conf, const KafkaOptions& options) {
  set_common(conf, options);
  conf.set("group.id", options.group);
  if (!options.instance_id.empty()) conf.set("group.instance.id", member_name(options));
  conf.set("session.timeout.ms", millis_text(options.session_timeout));
  conf.set("heartbeat.interval.ms", millis_text(options.session_timeout / 4));
  conf.set("partition.assignment.strategy", "range,roundrobin");
  conf.set("enable.auto.commit", "false");
  conf.set("enable.auto.offset.store", "false");
  conf.set("auto.offset.reset", "error");
  conf.set("isolation.level", "read_committed");
  conf.set("enable.partition.eof", "true");  // says how far reading got past markers
  conf.set("queued.max.messages.kbytes", std::to_string(options.fetch_bytes_max / 1024));
  conf.set("queued.min.messages", "200000");
  conf.set("fetch.wait.max.ms", "250");
  conf.set("fetch.error.backoff.ms", "50");  // also how long a full queue is left alone
  return conf;
}

}  // namespace

struct KafkaSource::State {
  KafkaOptions options;
  std::unique_ptr<KafkaLog> log;
  std::shared_ptr<SourceEvents> events;
  std::shared_ptr<rd_kafka_t> handle;
  DeadlineWorker worker;
  Message message;                      // the one whose views are out
  std::vector<PartitionId> partitions;  // those whose span is out
  std::map<PartitionId, Offset> to_publish;
  Steady::time_point published, watched, joined;
  int polls_since_chores = 0;
  bool dead = false;  // the library gave this member up for good

  ~State() {
    message.reset();
    if (handle) rd_kafka_consumer_close(handle.get());
  }
  KafkaAssignment& assignment() { return events->assignment; }
  bool events_wait() const { return !events->events.empty(); }
  Status join();
  Status rejoin();
  Polled next_event();
  Result<Polled> poll_library(int timeout_ms);
  void do_chores();
  Status hand_over();
  Result<Polled> take(Message taken);
  Result<Polled> take_error(const rd_kafka_message_t& taken);
  Polled tell(Polled::Kind kind, std::vector<PartitionId> which);
  void publish();
  void watch();
};

KafkaSource::KafkaSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
KafkaSource::~KafkaSource() = default;

Result<std::unique_ptr<KafkaSource>> KafkaSource::open(const KafkaOptions& options) {
  if (options.group.empty()) return Error{ErrorCode::config, "Kafka: no consumer group", ""};
  auto state = std::make_unique<State>();
  state->options = options;
  state->events = std::make_shared<SourceEvents>(std::make_shared<BrokerHealth>(options.brokers));
  Result<std::unique_ptr<KafkaLog>> log = KafkaLog::open(options, state->events->health);
  if (!log) return log.error();
  state->log = std::move(*log);
  WEIR_TRY(state->join());
  return std::unique_ptr<KafkaSource>(new KafkaSource(std::move(state)));
}

Status KafkaSource::State::join() {
  joined = Steady::now();
  KafkaConf conf;
  Result<std::shared_ptr<rd_kafka_t>> opened =
      open_handle(RD_KAFKA_CONSUMER, set_consumer(conf, options), events);
  if (!opened) return opened.error();
  handle = *std::move(opened);
  dead = false;
  rd_kafka_poll_set_consumer(handle.get());
  const PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), options.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(handle.get(), topics.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  dead = true;
  return kafka_error(options, "subscribe", code);
}

/// A member that was fenced (its place was given away while the broker was gone, or somebody runs under
/// the same instance_id) never reads again: the library wants a new one. Not faster than
/// kRejoinInterval, or two of one name would fence each other in a whirl.
Status KafkaSource::State::rejoin() {
  if (Steady::now() - joined < kRejoinInterval) {
    return Error{ErrorCode::unavailable,
                 "Kafka: this member of group " + options.group + " was fenced",
                 "see that no other consumer has the same kafka.instance_id"};
  }
  log_warn("the group gave this member up; joining anew", {{"group", options.group}});
  events->lose_all();
  if (handle) rd_kafka_consumer_close(handle.get());  // none: the last try to join failed
  handle.reset();
  return join();
}

Polled KafkaSource::State::tell(Polled::Kind kind, std::vector<PartitionId> which) {
  partitions = std::move(which);
  Polled polled;
  polled.kind = kind;
  polled.partitions = partitions;
  return polled;
}

/// Gives the library the assignment when what shall be fetched has changed.
Status KafkaSource::State::hand_over() {
  const PartitionList list = assignment().fresh_list(options.topic);
  if (!list) return {};
  const auto code = rd_kafka_assign(handle.get(), list.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  assignment().mark_stale();
  return kafka_error(options, "assign", code);
}

Result<Polled> KafkaSource::poll(Micros timeout) {
  State& s = *state_;
  s.message.reset();
  if (s.dead) {
    if (s.events_wait()) return s.next_event();
    WEIR_TRY(s.rejoin());
  }
  // A record that waits already is given without a look at the clock.
  if (++s.polls_since_chores < kPollsBetweenChores && !s.events_wait() && !s.assignment().stale()) {
    Result<Polled> polled = s.poll_library(0);
    if (!polled || polled->kind != Polled::Kind::nothing) return polled;
  }
  s.do_chores();
  Status failed;
  const Deadline deadline = Deadline::in(timeout);
  do {
    if (s.events_wait()) return s.next_event();
    const Status handed = s.hand_over();
    if (!handed) failed = handed;  // told when the time is over; polling itself goes on
    const auto millis = static_cast<int>(deadline.left().count() / 1000);
    Result<Polled> polled = s.poll_library(millis);
    if (!polled || polled->kind != Polled::Kind::nothing) return polled;
  } while ((!deadline.passed() && !s.dead) || s.events_wait());
  if (!failed) return failed.error();
  return Polled{};
}

Result<Polled> KafkaSource::State::poll_library(int timeout_ms) {
  Message polled(rd_kafka_consumer_poll(handle.get(), timeout_ms));
  return polled ? take(std::move(polled)) : Polled{};
}

Polled KafkaSource::State::next_event() {
  GroupEvent event = std::move(events->events.front());
  events->events.pop_front();
  return tell(event.kind, std::move(event.partitions));
}

void KafkaSource::State::do_chores() {
  polls_since_chores = 0;
  publish();
  watch();
}

Result<Polled> KafkaSource::State::take(Message taken) {
  if (taken->err != RD_KAFKA_RESP_ERR_NO_ERROR) return take_error(*taken);
  const PartitionId partition{taken->partition};
  const KafkaAssignment::Held* held = assignment().reading(partition);
  // Fetched before an assignment changed: not what the caller asked for any more.
  if (held == nullptr || held->paused || Offset{taken->offset} < held->position) return Polled{};
  events->health->up();
  if (events->verify_held) {
    events->begin_anew();
    return Polled{};
  }
  message = std::move(taken);
  const RecordHeaders headers = headers_of(message.get());
  assignment().passed(partition, Offset{message->offset + 1});
  Polled polled;
  polled.kind = Polled::Kind::record;
  polled.record = {partition,
                   Offset{message->offset},
                   append_time_of(message.get()),
                   headers.content_type,
                   bytes_of(message->key, message->key_len),
                   bytes_of(message->payload, message->len),
                   read_origin(headers.origin, headers.redrive)};
  return polled;
}

Result<Polled> KafkaSource::State::take_error(const rd_kafka_message_t& taken) {
  const PartitionId partition{taken.partition};
  const KafkaAssignment::Held* held = assignment().reading(partition);
  switch (taken.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      events->health->up();
      if (events->verify_held) {
        events->begin_anew();
      } else if (held != nullptr && !held->paused) {
        assignment().passed(partition, Offset{taken.offset});
      }
      return Polled{};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      if (held == nullptr) return Polled{};
      log_warn("Kafka cannot read on", {{"partition", partition.value},
                                        {"position", held->position.value},
                                        {"reason", rd_kafka_message_errstr(&taken)}});
      assignment().stop(partition);
      return tell(Polled::Kind::unreadable, {partition});
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return Polled{};  // the library goes on by itself; error and rebalance callbacks tell
    case RD_KAFKA_RESP_ERR__FATAL:
      dead = true;  // the next poll() joins anew, when this message is let go
      return Polled{};
    default:
      return kafka_error(options, "topic " + options.topic, taken.err);
  }
}

Status KafkaSource::start(PartitionId partition, Offset from) {
  if (state_->assignment().start(partition, from)) return {};
  return Error{ErrorCode::conflict,
               "partition " + std::to_string(partition.value) + " is not assigned", ""};
}

Status KafkaSource::pause(std::span<const PartitionId> partitions) {
  for (const PartitionId partition : partitions) state_->assignment().pause(partition, true);
  return {};
}

Status KafkaSource::resume(std::span<const PartitionId> partitions) {
  for (const PartitionId partition : partitions) state_->assignment().pause(partition, false);
  return {};
}

Result<Offset> KafkaSource::position(PartitionId partition) {
  const KafkaAssignment::Held* held = state_->assignment().reading(partition);
  if (held != nullptr) return held->position;
  return Error{ErrorCode::conflict,
               "partition " + std::to_string(partition.value) + " is not being read", ""};
}

Result<LogBounds> KafkaSource::bounds(PartitionId partition, Deadline deadline) {
  return state_->log->bounds(partition, deadline);
}

Result<Offset> KafkaSource::offset_at(PartitionId partition, AppendTime time, Deadline deadline) {
  return state_->log->offset_at(partition, time, deadline);
}

Result<std::optional<Anchor>> KafkaSource::anchor_at(PartitionId partition, Offset offset,
                                                     Deadline deadline) {
  Result<std::optional<FetchedRecord>> record = state_->log->read(partition, offset, deadline);
  if (!record) return record.error();
  if (!*record) return std::optional<Anchor>{};
  return std::optional(anchor_of(**record));
}

Result<std::int32_t> KafkaSource::partition_count(Deadline deadline) {
  Result<KafkaLog::Shape> shape = state_->log->shape(deadline);
  if (!shape) return shape.error();
  return shape->partitions;
}

void KafkaSource::publish_position(PartitionId partition, Offset next) {
  state_->to_publish[partition] = next;
}

/// Offsets for lag tools, about once a second; nobody waits for the answer.
void KafkaSource::State::publish() {
  const auto now = Steady::now();
  if (to_publish.empty() || now - published < kPublishInterval) return;
  published = now;
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(to_publish.size())));
  for (const auto& [partition, next] : to_publish) {
    if (!assignment().held().contains(partition)) continue;
    rd_kafka_topic_partition_list_add(list.get(), options.topic.c_str(), partition.value)->offset =
        next.value;
  }
  to_publish.clear();
  if (list->cnt > 0) rd_kafka_commit(handle.get(), list.get(), 1);
}

/// Whoever stands still although committed records wait is assigned anew.
void KafkaSource::State::watch() {
  const auto now = Steady::now();
  if (now - watched < options.watchdog / 4) return;
  watched = now;
  for (const auto& [partition, held] : assignment().held()) {
    if (!held.started || held.paused || now - held.moved < options.watchdog) continue;
    auto call = [rk = handle, topic = options.topic, which = partition.value]() -> Result<Offset> {
      std::int64_t start = 0, end = 0;
      const auto code =
          rd_kafka_query_watermark_offsets(rk.get(), topic.c_str(), which, &start, &end, 1000);
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return Error{ErrorCode::unavailable, "", ""};
      return Offset{end};
    };
    const Deadline deadline = Deadline::in(std::chrono::seconds(1));
    Result<Offset> end = worker.run<Offset>("Kafka: watchdog", deadline, call);
    if (!end) return;
    if (!(held.position < *end)) continue;
    log_warn(
        "partition stands still; assigning anew",
        {{"partition", partition.value}, {"position", held.position.value}, {"end", end->value}});
    assignment().mark_stale();
    return;
  }
}

}  // namespace weir
