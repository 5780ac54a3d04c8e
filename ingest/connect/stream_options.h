// Which stream a deployment has, and how to reach it: the tables [stream] and [kafka].
//
// A stream is a Kafka topic, or on one box a file log in a folder; everything above goes by connect.h and
// does not know which. Bytes and durations; every value has a default that works on one machine.
#pragma once

#include "base/settings.h"
#include "base/time.h"
#include "ingest/kafka/kafka_options.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

struct StreamOptions {
  std::string kind = "kafka";                // "kafka" or "file"
  std::string topic = "weir.requests";       // of Kafka; or the log's folder in `folder`
  Micros timeout = std::chrono::seconds(5);  // of one call
  std::string folder = "stream";

  // reading
  std::string group;  // of the consumer, for example "weir-quota"
  /// On a file log: where the members of the group find one another, on the group's own volume.
  std::string group_folder;
  Micros session_timeout = std::chrono::seconds(10);

  // writing
  Micros delivery_timeout = std::chrono::seconds(30);  // must not exceed the quota database's

  // keeping a file log: weir-ingest alone
  std::int64_t bytes_max = std::int64_t{8} << 30;
  std::int64_t retention_bytes = 0;  // 0: no bound below bytes_max
  Micros retention = std::chrono::hours(7 * 24);

  KafkaOptions kafka;  // what only Kafka has

  bool is_file() const { return kind == "file"; }
  /// `folder`/`topic`.
  std::string log_folder() const { return folder + "/" + topic; }
  StreamOptions with_topic(const std::string& name) const;
  /// By which another of our processes reaches the same topic.
  std::vector<std::string> flags() const;
  /// With what both kinds have.
  KafkaOptions kafka_options() const;
};

/// Declares the tables [stream] and [kafka]: every process has both whole, since they share a file.
void declare_stream_settings(Settings& settings, StreamOptions* into);

}  // namespace weir
