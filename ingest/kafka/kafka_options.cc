#include "ingest/kafka/kafka_options.h"

namespace weir {

void declare_kafka_settings(Settings& settings, KafkaOptions* into) {
  settings.text("kafka.brokers", &into->brokers, into->brokers,
                "host:port list of the Kafka brokers");
  settings.text(
      "kafka.instance_id", &into->instance_id, into->instance_id,
      "name of this member of the consumer group; with one, a restart moves no partition");
  settings.integer("kafka.fetch_bytes_max", &into->fetch_bytes_max, into->fetch_bytes_max,
                   std::int64_t{1} << 20, std::int64_t{1} << 31, "bytes",
                   "records fetched ahead of their use, over all partitions");
  settings.integer("kafka.queue_bytes_max", &into->queue_bytes_max, into->queue_bytes_max,
                   std::int64_t{1} << 20, std::int64_t{1} << 31, "bytes",
                   "records sent and not yet acknowledged");
}

}  // namespace weir
