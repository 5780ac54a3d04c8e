#include "ingest/kafka/kafka_log.h"

#include <algorithm>

namespace weir {
namespace {

int millis_left(Deadline deadline) {
  return static_cast<int>(std::max<std::int64_t>(1, deadline.left().count() / 1000));
}

std::string at_partition(const char* what, PartitionId partition) {
  return std::string(what) + " of partition " + std::to_string(partition.value);
}

std::string_view last_header(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  std::size_t size = 0;
  const auto found = rd_kafka_header_get_last(headers, name, &value, &size);
  if (found != RD_KAFKA_RESP_ERR_NO_ERROR || value == nullptr) return {};
  return bytes_of(value, size);
}

ReadRecord owned(rd_kafka_message_t* message) {
  const RecordHeaders headers = headers_of(message);
  return {PartitionId{message->partition},
          Offset{message->offset},
          append_time_of(message),
          std::string(headers.content_type),
          std::string(bytes_of(message->key, message->key_len)),
          std::string(bytes_of(message->payload, message->len)),
          std::string(headers.origin),
          std::string(headers.redrive)};
}

}  // namespace

RecordHeaders headers_of(rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return {last_header(headers, "content-type"), last_header(headers, kOriginHeader),
          last_header(headers, kRedriveHeader)};
}

AppendTime append_time_of(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t millis = rd_kafka_message_timestamp(message, &type);
  return AppendTime{millis > 0 ? millis * 1000 : 0};
}

KafkaLog::Asked::~Asked() {
  if (topic != nullptr) rd_kafka_topic_destroy(topic);
}

Error KafkaLog::Asked::error(const std::string& where, rd_kafka_resp_err_t code) const {
  const Error told = kafka_error(options, "topic " + options.topic + ": " + where, code);
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
      code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    events->health->down(rd_kafka_err2str(code));
  }
  return told;
}

Result<std::unique_ptr<KafkaLog>> KafkaLog::open(const KafkaOptions& options,
                                                 std::shared_ptr<BrokerHealth> health) {
  KafkaConf conf;
  set_common(conf, options);
  conf.set("isolation.level", "read_uncommitted");
  conf.set("auto.offset.reset", "error");
  conf.set("enable.partition.eof", "true");
  conf.set("queued.max.messages.kbytes", "1024");
  conf.set("fetch.wait.max.ms", "5");  // stopping waits for the fetch that is under way

  auto asked = std::make_shared<Asked>();
  asked->options = options;
  asked->events = std::make_shared<KafkaEvents>(std::move(health));
  Result<std::shared_ptr<rd_kafka_t>> handle = open_handle(RD_KAFKA_CONSUMER, conf, asked->events);
  if (!handle) return handle.error();
  asked->handle = *handle;
  asked->topic = rd_kafka_topic_new(asked->handle.get(), options.topic.c_str(), nullptr);
  if (asked->topic == nullptr) return asked->error("open", rd_kafka_last_error());
  return std::unique_ptr<KafkaLog>(new KafkaLog(std::move(asked)));
}

std::string KafkaLog::naming(const char* what) const {
  return "Kafka at " + asked_->options.brokers + ": " + what;
}

Result<LogBounds> KafkaLog::bounds(PartitionId partition, Deadline deadline) {
  auto call = [asked = asked_, partition, deadline]() -> Result<LogBounds> {
    std::int64_t start = 0, end = 0;
    const auto code =
        rd_kafka_query_watermark_offsets(asked->handle.get(), asked->options.topic.c_str(),
                                         partition.value, &start, &end, millis_left(deadline));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return asked->error(at_partition("log bounds", partition), code);
    }
    asked->answered();
    return LogBounds{Offset{start}, Offset{end}};
  };
  return worker_.run<LogBounds>(naming("log bounds"), deadline, call);
}

Result<std::vector<std::int64_t>> KafkaLog::Asked::edges(std::int32_t partitions,
                                                         std::int64_t which,
                                                         Deadline deadline) const {
  PartitionList list(rd_kafka_topic_partition_list_new(partitions));
  for (std::int32_t p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(list.get(), options.topic.c_str(), p)->offset = which;
  }
  const auto code = rd_kafka_offsets_for_times(handle.get(), list.get(), millis_left(deadline));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error("log bounds", code);
  std::vector<std::int64_t> found(static_cast<std::size_t>(partitions), -1);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR || entry.offset < 0) {
      const auto why =
          entry.err != RD_KAFKA_RESP_ERR_NO_ERROR ? entry.err : RD_KAFKA_RESP_ERR__FAIL;
      return error(at_partition("log bounds", PartitionId(entry.partition)), why);
    }
    found[static_cast<std::size_t>(entry.partition)] = entry.offset;
  }
  return found;
}

Result<std::vector<LogBounds>> KafkaLog::all_bounds(std::int32_t partitions, Deadline deadline) {
  auto call = [asked = asked_, partitions, deadline]() -> Result<std::vector<LogBounds>> {
    const auto starts = asked->edges(partitions, RD_KAFKA_OFFSET_BEGINNING, deadline);
    if (!starts) return starts.error();
    const auto ends = asked->edges(partitions, RD_KAFKA_OFFSET_END, deadline);
    if (!ends) return ends.error();
    asked->answered();
    std::vector<LogBounds> bounds;
    for (std::size_t p = 0; p < starts->size(); ++p) {
      bounds.push_back({Offset{(*starts)[p]}, Offset{(*ends)[p]}});
    }
    return bounds;
  };
  return worker_.run<std::vector<LogBounds>>(naming("log bounds"), deadline, call);
}

Result<Offset> KafkaLog::offset_at(PartitionId partition, AppendTime time, Deadline deadline) {
  auto call = [asked = asked_, partition, time, deadline]() -> Result<Offset> {
    PartitionList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_t* entry = rd_kafka_topic_partition_list_add(
        list.get(), asked->options.topic.c_str(), partition.value);
    entry->offset = std::max<std::int64_t>(0, (time.value + 999) / 1000);  // milliseconds, up
    auto code = rd_kafka_offsets_for_times(asked->handle.get(), list.get(), millis_left(deadline));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = entry->err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return asked->error(at_partition("offset by time", partition), code);
    }
    asked->answered();
    return Offset{entry->offset};
  };
  Result<Offset> found = worker_.run<Offset>(naming("offset by time"), deadline, call);
  if (!found || found->value >= 0) return found;
  Result<LogBounds> log = bounds(partition, deadline);  // no record is that young
  if (!log) return log.error();
  return log->end;
}

Result<KafkaLog::Shape> KafkaLog::shape(Deadline deadline) {
  auto call = [asked = asked_, deadline]() -> Result<Shape> {
    const struct rd_kafka_metadata* metadata = nullptr;
    const auto code =
        rd_kafka_metadata(asked->handle.get(), 0, asked->topic, &metadata, millis_left(deadline));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return asked->error("metadata", code);
    std::unique_ptr<const struct rd_kafka_metadata, decltype(&rd_kafka_metadata_destroy)> owner(
        metadata, rd_kafka_metadata_destroy);
    if (metadata->topic_cnt != 1) {
      return asked->error("metadata", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    }
    const rd_kafka_metadata_topic& topic = metadata->topics[0];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return asked->error("metadata", topic.err);
    asked->answered();
    Shape shape{topic.partition_cnt, 0};
    for (int i = 0; i < topic.partition_cnt; ++i) {
      const std::int32_t replicas = topic.partitions[i].replica_cnt;
      shape.replication = i == 0 ? replicas : std::min(shape.replication, replicas);
    }
    return shape;
  };
  return worker_.run<Shape>(naming("metadata"), deadline, call);
}

Result<std::optional<ReadRecord>> KafkaLog::read(PartitionId partition, Offset offset,
                                                 Deadline deadline) {
  Result<LogBounds> log = bounds(partition, deadline);
  if (!log) return log.error();
  if (offset < log->start || offset >= log->end) return std::optional<ReadRecord>{};
  auto call = [asked = asked_, partition, offset, deadline] {
    return asked->read(partition, offset, deadline);
  };
  return worker_.run<std::optional<ReadRecord>>(naming("read of a record"), deadline, call);
}

Result<std::optional<ReadRecord>> KafkaLog::Asked::read(PartitionId partition, Offset offset,
                                                        Deadline deadline) {
  const std::string where =
      at_partition("record", partition) + " at offset " + std::to_string(offset.value);
  if (rd_kafka_consume_start(topic, partition.value, offset.value) != 0) {
    return error(where, rd_kafka_last_error());
  }
  Result<std::optional<ReadRecord>> result =
      kafka_error(options, where, RD_KAFKA_RESP_ERR__TIMED_OUT);
  while (!deadline.passed()) {
    Message message(rd_kafka_consume(topic, partition.value, millis_left(deadline)));
    if (!message) continue;
    const rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      result = std::optional<ReadRecord>{};
      if (message->offset == offset.value) result = std::optional(owned(message.get()));
    } else if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
               code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
               code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      result = std::optional<ReadRecord>{};
    } else {
      result = error(where, code);
    }
    break;
  }
  rd_kafka_consume_stop(topic, partition.value);
  return result;
}

Result<std::string> KafkaLog::cluster_id(Deadline deadline) {
  auto call = [asked = asked_, deadline]() -> Result<std::string> {
    char* id = rd_kafka_clusterid(asked->handle.get(), millis_left(deadline));
    if (id == nullptr) return asked->error("cluster id", RD_KAFKA_RESP_ERR__TIMED_OUT);
    std::string text(id);
    rd_kafka_mem_free(asked->handle.get(), id);
    asked->answered();
    return text;
  };
  return worker_.run<std::string>(naming("cluster id"), deadline, call);
}

}  // namespace weir
