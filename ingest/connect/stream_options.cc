#include "ingest/connect/stream_options.h"

namespace weir {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

StreamOptions StreamOptions::with_topic(const std::string& name) const {
  StreamOptions other = *this;
  other.topic = name;
  return other;
}

std::vector<std::string> StreamOptions::flags() const {
  return {"--stream.kind=" + kind, "--stream.topic=" + topic, "--stream.folder=" + folder,
          "--kafka.brokers=" + kafka.brokers};
}

KafkaOptions StreamOptions::kafka_options() const {
  KafkaOptions whole = kafka;
  whole.topic = topic;
  whole.timeout = timeout;
  whole.group = group;
  whole.session_timeout = session_timeout;
  whole.delivery_timeout = delivery_timeout;
  return whole;
}

void declare_stream_settings(Settings& settings, StreamOptions* into) {
  settings.choice("stream.kind", &into->kind, {"kafka", "file"}, into->kind,
                  "what the stream is: a Kafka topic, or a log of files on this machine");
  settings.text("stream.topic", &into->topic, into->topic, "the topic of the request events");
  settings.duration("stream.timeout", &into->timeout, into->timeout, milliseconds(100), minutes(5),
                    "deadline of one call to the stream");
  settings.duration("stream.session_timeout", &into->session_timeout, into->session_timeout,
                    seconds(6), minutes(5),
                    "silence after which the group gives a member's partitions to another");
  settings.duration("stream.delivery_timeout", &into->delivery_timeout, into->delivery_timeout,
                    seconds(1), minutes(15),
                    "how long a record may wait for its acknowledgement; must not exceed the "
                    "delivery_timeout that the quota database was created with");
  settings.text("stream.folder", &into->folder, into->folder,
                "of file logs: each topic is a folder in it");
  settings.integer("stream.bytes_max", &into->bytes_max, into->bytes_max, std::int64_t{64} << 20,
                   std::int64_t{1} << 46, "bytes",
                   "of a file log; beyond it the oldest records go, read or not");
  settings.duration("stream.retention", &into->retention, into->retention, minutes(1),
                    hours(24 * 3650),
                    "how long a file log keeps records that weir-quota no longer needs");
  settings.integer("stream.retention_bytes", &into->retention_bytes, into->retention_bytes, 0,
                   std::int64_t{1} << 46, "bytes",
                   "of a file log, that it keeps of records that weir-quota no longer needs; 0: no "
                   "bound but the age");
  declare_kafka_settings(settings, &into->kafka);
}

}  // namespace weir
