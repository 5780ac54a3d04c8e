// librdkafka's handles as values that free themselves. Private to this folder.
//
// A handle is shared: calls that outlive their deadline keep it alive (deadline_worker.h). What the
// library says of its connections goes to the log once per change: "Kafka at host:port
// unreachable", then "reachable again"; its other warnings as they come.
#pragma once

#include "base/result.h"
#include "ingest/kafka/kafka_options.h"

#include <atomic>
#include <librdkafka/rdkafka.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class KafkaEvents;

/// Remembers whether the brokers can be reached, and logs the changes. Threads: any.
class BrokerHealth {
 public:
  explicit BrokerHealth(std::string brokers) : brokers_(std::move(brokers)) {}
  void down(const std::string& reason);
  void up();

 private:
  const std::string brokers_;
  std::atomic<bool> down_{false};
};

class KafkaConf {
 public:
  KafkaConf();
  ~KafkaConf();
  KafkaConf(const KafkaConf&) = delete;
  KafkaConf& operator=(const KafkaConf&) = delete;

  /// The first wrong one makes open_handle() fail.
  void set(const char* name, const std::string& value);
  rd_kafka_conf_t* get() { return conf_; }

 private:
  friend Result<std::shared_ptr<rd_kafka_t>> open_handle(rd_kafka_type_t, KafkaConf&,
                                                         std::shared_ptr<KafkaEvents>);
  rd_kafka_conf_t* conf_;
  std::string fault_;
};

/// What all our handles have in common: brokers, reconnects, time-outs.
void set_common(KafkaConf& conf, const KafkaOptions& options);

/// What a handle calls back: on the thread that polls it, save that logs come from anywhere.
class KafkaEvents {
 public:
  /// The handles of one user share their health: it is logged once.
  explicit KafkaEvents(std::shared_ptr<BrokerHealth> shared) : health(std::move(shared)) {}
  virtual ~KafkaEvents() = default;
  /// Readers: partitions were given (RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) or taken away.
  virtual void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*) {}
  /// No broker can be reached for now.
  virtual void brokers_lost() {}
  /// Writers: a record's fate.
  virtual void delivered(const rd_kafka_message_t*) {}

  const std::shared_ptr<BrokerHealth> health;
};

/// Error `config` when a property is refused. The handle keeps its events alive.
Result<std::shared_ptr<rd_kafka_t>> open_handle(rd_kafka_type_t type, KafkaConf& conf,
                                                std::shared_ptr<KafkaEvents> events);

std::string millis_text(Micros duration);
/// `where` is what was asked of the broker: "topic weir.requests: log end of partition 3".
Error kafka_error(const KafkaOptions& options, const std::string& where, rd_kafka_resp_err_t code);

struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, PartitionListDeleter>;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDeleter>;

}  // namespace weir
