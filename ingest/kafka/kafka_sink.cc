#include "ingest/kafka/kafka_sink.h"

#include "base/log.h"
#include "ingest/kafka/kafka_log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace weir {
namespace {

constexpr std::size_t kRecordOverhead = 256;  // librdkafka's own bytes for a record in its queue

/// One append() on its way. Shared with the delivery reports, which may come after its deadline.
struct Flight {
  std::mutex mutex;
  std::condition_variable landed_all;
  std::vector<Appended> places;
  std::size_t landed = 0;
  bool persisted = false;    // some record is in the log, or may be
  bool undelivered = false;  // some record was given up
  rd_kafka_resp_err_t failure = RD_KAFKA_RESP_ERR_NO_ERROR;
};

/// What librdkafka carries for a record and gives back in its report.
struct Ticket {
  std::shared_ptr<Flight> flight;
  std::size_t index;
  std::size_t bytes;
};

rd_kafka_resp_err_t code_of(rd_kafka_error_t* error) {
  if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  return code;
}

}  // namespace

/// Receives the delivery reports, on the poller's thread.
class SinkEvents : public KafkaEvents {
 public:
  using KafkaEvents::KafkaEvents;
  void delivered(const rd_kafka_message_t* message) override;

  std::atomic<std::int64_t> bytes_queued{0};
};

void SinkEvents::delivered(const rd_kafka_message_t* message) {
  const std::unique_ptr<Ticket> ticket(static_cast<Ticket*>(message->_private));
  bytes_queued -= static_cast<std::int64_t>(ticket->bytes);
  Flight& flight = *ticket->flight;
  std::lock_guard lock(flight.mutex);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    health->up();
    flight.places[ticket->index] = {Offset{message->offset}, append_time_of(message)};
    flight.persisted = true;
  } else {
    flight.failure = message->err;
    flight.undelivered = true;
    if (rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED) {
      flight.persisted = true;
    }
  }
  if (++flight.landed == flight.places.size()) flight.landed_all.notify_all();
}

/// A producer handle and the thread that serves its reports until it is closed.
class KafkaProducer {
 public:
  static Result<std::shared_ptr<KafkaProducer>> open(const KafkaOptions& options,
                                                     std::shared_ptr<SinkEvents> events);
  KafkaProducer(std::shared_ptr<rd_kafka_t> handle, std::shared_ptr<SinkEvents> events)
      : handle_(std::move(handle)), events_(std::move(events)) {
    poller_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) rd_kafka_poll(handle_.get(), 100);
    });
  }
  ~KafkaProducer() {
    poller_.request_stop();
    poller_.join();
    // Nobody waits for what is left; purged records report themselves and free their tickets.
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(handle_.get(), 1000);
  }

  bool dead() const {
    return rd_kafka_fatal_error(handle_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  rd_kafka_resp_err_t send(const KafkaOptions& options, const OutRecord& record, Ticket* ticket) {
    const std::string origin = write_origin(record.origin);
    const std::string redrive = write_redrive(record.origin);
    std::array<rd_kafka_vu_t, 8> parts;
    std::size_t count = 0;
    auto part = [&](rd_kafka_vtype_t type) -> auto& {
      parts[count].vtype = type;
      return parts[count++].u;
    };
    auto header = [&](const char* name, std::string_view value) {
      if (value.empty()) return;
      part(RD_KAFKA_VTYPE_HEADER).header = {name, value.data(), static_cast<ssize_t>(value.size())};
    };
    part(RD_KAFKA_VTYPE_TOPIC).cstr = options.topic.c_str();
    part(RD_KAFKA_VTYPE_PARTITION).i32 = record.partition.value;
    part(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
    part(RD_KAFKA_VTYPE_VALUE).mem = {const_cast<char*>(record.value.data()), record.value.size()};
    part(RD_KAFKA_VTYPE_OPAQUE).ptr = ticket;
    header("content-type", record.content_type);
    header(kOriginHeader, origin);
    header(kRedriveHeader, redrive);
    return code_of(rd_kafka_produceva(handle_.get(), parts.data(), count));
  }

 private:
  std::shared_ptr<rd_kafka_t> handle_;
  std::shared_ptr<SinkEvents> events_;
  std::jthread poller_;
};

Result<std::shared_ptr<KafkaProducer>> KafkaProducer::open(const KafkaOptions& options,
                                                           std::shared_ptr<SinkEvents> events) {
  KafkaConf conf;
  set_common(conf, options);
  conf.set("enable.idempotence", "true");
  conf.set("acks", "all");
  conf.set("message.timeout.ms", millis_text(options.delivery_timeout));
  conf.set("linger.ms", "5");
  conf.set("compression.codec", "lz4");  // packed records are compressed already; JSON is not
  // Our own bound (`full`) is reached first; these only must not be.
  conf.set("queue.buffering.max.kbytes",
           std::to_string(options.queue_bytes_max * 4 / 1024 + 16384));
  conf.set("queue.buffering.max.messages", "10000000");
  Result<std::shared_ptr<rd_kafka_t>> handle = open_handle(RD_KAFKA_PRODUCER, conf, events);
  if (!handle) return handle.error();
  return std::make_shared<KafkaProducer>(*handle, events);
}

struct KafkaSink::State {
  KafkaOptions options;
  std::unique_ptr<KafkaLog> log;
  std::shared_ptr<SinkEvents> events;

  std::mutex mutex;  // guards what follows
  std::shared_ptr<KafkaProducer> producer;
  std::int32_t partitions = 0;
  std::chrono::steady_clock::time_point partitions_read;

  bool reserve(std::size_t bytes);
  Result<std::shared_ptr<KafkaProducer>> live_producer();
  Result<std::vector<Appended>> outcome(const std::shared_ptr<Flight>& flight, Deadline deadline);
};

KafkaSink::KafkaSink(std::unique_ptr<State> state) : state_(std::move(state)) {}
KafkaSink::~KafkaSink() = default;

Result<std::unique_ptr<KafkaSink>> KafkaSink::open(const KafkaOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  state->events = std::make_shared<SinkEvents>(std::make_shared<BrokerHealth>(options.brokers));
  Result<std::unique_ptr<KafkaLog>> log = KafkaLog::open(options, state->events->health);
  if (!log) return log.error();
  state->log = std::move(*log);
  Result<std::shared_ptr<KafkaProducer>> producer = KafkaProducer::open(options, state->events);
  if (!producer) return producer.error();
  state->producer = std::move(*producer);
  return std::unique_ptr<KafkaSink>(new KafkaSink(std::move(state)));
}

/// Takes the bytes from the queue's budget; an empty queue always takes one call's.
bool KafkaSink::State::reserve(std::size_t bytes) {
  std::int64_t queued = events->bytes_queued.load();
  do {
    const bool fits = queued + static_cast<std::int64_t>(bytes) <= options.queue_bytes_max;
    if (queued > 0 && !fits) return false;
  } while (!events->bytes_queued.compare_exchange_weak(queued,
                                                       queued + static_cast<std::int64_t>(bytes)));
  return true;
}

Result<std::shared_ptr<KafkaProducer>> KafkaSink::State::live_producer() {
  std::lock_guard lock(mutex);
  if (!producer->dead()) return producer;
  log_warn("Kafka producer is dead; making a new one");
  Result<std::shared_ptr<KafkaProducer>> fresh = KafkaProducer::open(options, events);
  if (!fresh) return fresh.error();
  producer = *fresh;
  return producer;
}

Result<std::vector<Appended>> KafkaSink::State::outcome(const std::shared_ptr<Flight>& flight,
                                                        Deadline deadline) {
  std::unique_lock lock(flight->mutex);
  const bool landed = flight->landed_all.wait_until(
      lock, deadline.at(), [&] { return flight->landed == flight->places.size(); });
  const std::string where = "Kafka at " + options.brokers + ": append to " + options.topic;
  if (!landed) return Error{ErrorCode::in_doubt, where + ": no acknowledgement in time", ""};
  if (flight->undelivered) {
    if (flight->failure == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
      events->health->down("no acknowledgement within the delivery timeout");
    }
    const ErrorCode code = flight->persisted ? ErrorCode::in_doubt
                           : flight->failure == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                               ? ErrorCode::invalid
                               : ErrorCode::unavailable;
    return Error{code, where + ": " + rd_kafka_err2str(flight->failure), ""};
  }
  for (const Appended& place : flight->places) {
    // The broker knew the record already, and no longer where: it is in, but not to be named.
    if (place.offset.value < 0) return Error{ErrorCode::in_doubt, where + ": place unknown", ""};
  }
  return std::move(flight->places);
}

Result<std::vector<Appended>> KafkaSink::append(std::span<const OutRecord> records,
                                                Deadline deadline) {
  if (records.empty()) return std::vector<Appended>{};
  Result<std::int32_t> partitions = partition_count(deadline);
  if (!partitions) return partitions.error();
  for (const OutRecord& record : records) {
    if (record.partition.value < 0 || record.partition.value >= *partitions) {
      return Error{ErrorCode::invalid, "no such partition", ""};
    }
  }
  Result<std::shared_ptr<KafkaProducer>> producer = state_->live_producer();
  if (!producer) return producer.error();
  std::size_t bytes = 0;
  for (const OutRecord& record : records) bytes += record.value.size() + kRecordOverhead;
  if (!state_->reserve(bytes)) {
    return Error{ErrorCode::full, "Kafka: records waiting for acknowledgement fill their bound",
                 ""};
  }

  auto flight = std::make_shared<Flight>();
  flight->places.resize(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::size_t record_bytes = records[i].value.size() + kRecordOverhead;
    auto ticket = std::make_unique<Ticket>(Ticket{flight, i, record_bytes});
    const auto code = (*producer)->send(state_->options, records[i], ticket.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ticket.release();  // delivered() frees it
      continue;
    }
    state_->events->bytes_queued -= static_cast<std::int64_t>(record_bytes);
    std::lock_guard lock(flight->mutex);
    flight->failure = code;
    flight->undelivered = true;
    if (++flight->landed == flight->places.size()) flight->landed_all.notify_all();
  }
  return state_->outcome(flight, deadline);
}

Result<std::int32_t> KafkaSink::partition_count(Deadline deadline) {
  constexpr auto kFresh = std::chrono::seconds(30);
  const auto now = std::chrono::steady_clock::now();
  {
    std::lock_guard lock(state_->mutex);
    const bool fresh = now - state_->partitions_read < kFresh;
    if (state_->partitions > 0 && fresh) return state_->partitions;
    state_->partitions_read = now;  // one caller asks anew; the others go on with what is known
  }
  Result<KafkaLog::Shape> shape = state_->log->shape(deadline);
  std::lock_guard lock(state_->mutex);
  if (shape) state_->partitions = shape->partitions;
  if (state_->partitions > 0) return state_->partitions;
  return shape.error();
}

}  // namespace weir
