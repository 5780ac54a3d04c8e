#include "ingest/kafka/kafka_handle.h"

#include "base/log.h"

#include <array>
#include <string_view>

namespace weir {
namespace {

KafkaEvents& events_of(const rd_kafka_t* handle) {
  return *static_cast<KafkaEvents*>(rd_kafka_opaque(handle));
}

void on_error(rd_kafka_t* handle, int code, const char* reason, void*) {
  // A single lost connection is mended by the library unseen; all of them lost is news.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    events_of(handle).brokers_lost();
    return events_of(handle).health->down(reason);
  }
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE) {
    return log_debug("Kafka connection", {{"reason", reason}});
  }
  log_warn(
      "Kafka client error",
      {{"error", rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code))}, {"reason", reason}});
}

void on_log(const rd_kafka_t*, int level, const char* facility, const char* text) {
  constexpr int kSyslogWarning = 4;
  const std::string_view what = facility;
  const bool connection = what == "FAIL" || what == "ERROR";  // said by on_error, without a flood
  if (level > kSyslogWarning || connection) {
    return log_debug("librdkafka", {{"facility", facility}, {"text", text}});
  }
  log_warn("librdkafka", {{"facility", facility}, {"text", text}});
}

void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                  rd_kafka_topic_partition_list_t* partitions, void*) {
  events_of(handle).rebalanced(handle, what, partitions);
}

void on_delivery(rd_kafka_t* handle, const rd_kafka_message_t* message, void*) {
  events_of(handle).delivered(message);
}

}  // namespace

void BrokerHealth::down(const std::string& reason) {
  if (down_.exchange(true)) return;
  log_warn("Kafka at " + brokers_ + " unreachable: " + reason + "; retrying");
}

void BrokerHealth::up() {
  if (!down_.load(std::memory_order_relaxed) || !down_.exchange(false)) return;
  log_info("Kafka at " + brokers_ + " reachable again");
}

KafkaConf::KafkaConf() : conf_(rd_kafka_conf_new()) {}
KafkaConf::~KafkaConf() {
  if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
}

void KafkaConf::set(const char* name, const std::string& value) {
  std::array<char, 512> fault{};
  const auto set = rd_kafka_conf_set(conf_, name, value.c_str(), fault.data(), fault.size());
  if (set != RD_KAFKA_CONF_OK && fault_.empty()) fault_ = fault.data();
}

void set_common(KafkaConf& conf, const KafkaOptions& options) {
  conf.set("bootstrap.servers", options.brokers);
  conf.set("client.id", "weir");
  conf.set("log.connection.close", "false");
  conf.set("reconnect.backoff.ms", "100");
  conf.set("reconnect.backoff.max.ms", "2000");
  conf.set("socket.timeout.ms", "10000");
  conf.set("topic.metadata.refresh.interval.ms", "10000");
}

Result<std::shared_ptr<rd_kafka_t>> open_handle(rd_kafka_type_t type, KafkaConf& conf,
                                                std::shared_ptr<KafkaEvents> events) {
  if (!conf.fault_.empty()) return Error{ErrorCode::config, "Kafka client: " + conf.fault_, ""};
  rd_kafka_conf_set_opaque(conf.conf_, events.get());
  rd_kafka_conf_set_error_cb(conf.conf_, on_error);
  rd_kafka_conf_set_log_cb(conf.conf_, on_log);
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf.conf_, on_delivery);
  } else {
    rd_kafka_conf_set_rebalance_cb(conf.conf_, on_rebalance);
  }
  std::array<char, 512> fault{};
  rd_kafka_t* handle = rd_kafka_new(type, conf.conf_, fault.data(), fault.size());
  if (handle == nullptr) {
    return Error{ErrorCode::config, std::string("Kafka client: ") + fault.data(), ""};
  }
  conf.conf_ = nullptr;  // the handle's now
  return std::shared_ptr<rd_kafka_t>(handle,
                                     [events](rd_kafka_t* mine) { rd_kafka_destroy(mine); });
}

std::string millis_text(Micros duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

Error kafka_error(const KafkaOptions& options, const std::string& where, rd_kafka_resp_err_t code) {
  const std::string what =
      "Kafka at " + options.brokers + ": " + where + ": " + rd_kafka_err2str(code);
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return {ErrorCode::not_found, what,
              "make the topic with `weir-ingest topic create --partitions N`"};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return {ErrorCode::denied, what, ""};
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return {ErrorCode::conflict, what, ""};
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return {ErrorCode::config, what, ""};
    default:
      return {ErrorCode::unavailable, what, ""};
  }
}

}  // namespace weir
