#include "ingest/kafka/kafka_options.h"

namespace weir {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void declare_kafka_settings(Settings& settings, KafkaOptions* into) {
  settings.text("kafka.brokers", &into->brokers, into->brokers,
                "host:port list of the Kafka brokers");
  settings.text("kafka.topic", &into->topic, into->topic, "the topic of the request events");
  settings.duration("kafka.timeout", &into->timeout, into->timeout, milliseconds(100), minutes(5),
                    "deadline of one call to a broker");
}

void declare_kafka_reader_settings(Settings& settings, KafkaOptions* into) {
  settings.text(
      "kafka.instance_id", &into->instance_id, into->instance_id,
      "name of this member of the consumer group; with one, a restart moves no partition");
  settings.duration("kafka.session_timeout", &into->session_timeout, into->session_timeout,
                    seconds(6), minutes(5),
                    "silence after which the group gives a member's partitions to another");
  settings.integer("kafka.fetch_bytes_max", &into->fetch_bytes_max, into->fetch_bytes_max,
                   std::int64_t{1} << 20, std::int64_t{1} << 31, "bytes",
                   "records fetched ahead of their use, over all partitions");
}

void declare_kafka_writer_settings(Settings& settings, KafkaOptions* into) {
  settings.duration("kafka.delivery_timeout", &into->delivery_timeout, into->delivery_timeout,
                    seconds(1), minutes(15),
                    "how long a record may wait for its acknowledgement; must not exceed the "
                    "delivery_timeout that the quota database was created with");
  settings.integer("kafka.queue_bytes_max", &into->queue_bytes_max, into->queue_bytes_max,
                   std::int64_t{1} << 20, std::int64_t{1} << 31, "bytes",
                   "records sent and not yet acknowledged");
}

}  // namespace weir
