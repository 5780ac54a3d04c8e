// How to reach Kafka, for source, sink and admin alike.
//
// Bytes and durations; every value has a default that works on one machine.
#pragma once

#include "base/settings.h"
#include "base/time.h"

#include <cstdint>
#include <string>

namespace weir {

struct KafkaOptions {
  std::string brokers = "127.0.0.1:9092";  // host:port, comma-separated
  std::string topic = "weir.requests";
  Micros timeout = std::chrono::seconds(5);  // of one call to the broker

  // reading
  std::string group;        // of the consumer, for example "weir-quota"
  std::string instance_id;  // static membership: a restart within session_timeout moves nothing
  Micros session_timeout = std::chrono::seconds(10);
  std::int64_t fetch_bytes_max = 64 << 20;  // records fetched ahead, in all
  Micros watchdog = std::chrono::seconds(30);

  // writing
  Micros delivery_timeout = std::chrono::seconds(30);  // must not exceed the quota database's
  std::int64_t queue_bytes_max = 64 << 20;             // records not yet acknowledged
};

/// Declares kafka.brokers, kafka.instance_id, kafka.fetch_bytes_max and kafka.queue_bytes_max; the rest
/// is what every stream has (ingest/connect/stream_options.h).
void declare_kafka_settings(Settings& settings, KafkaOptions* into);

}  // namespace weir
