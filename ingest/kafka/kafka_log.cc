#include "ingest/kafka/kafka_log.h"

#include <algorithm>
#include <map>
#include <thread>

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

FetchedRecord owned(rd_kafka_message_t* message) {
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

std::string at(const RecordAddress& address) {
  return at_partition("record", address.partition) + " at offset " +
         std::to_string(address.offset.value);
}

/// A fetch's answer that says: no record stands there.
bool means_none(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__PARTITION_EOF || code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
         code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

/// Fetches from several partitions into one queue; its end stops them all.
class Fetching {
 public:
  Fetching(rd_kafka_t* handle, rd_kafka_topic_t* topic)
      : topic_(topic), queue_(rd_kafka_queue_new(handle)) {}
  ~Fetching() {
    for (const std::int32_t partition : started_) rd_kafka_consume_stop(topic_, partition);
    rd_kafka_queue_destroy(queue_);
  }
  Fetching(const Fetching&) = delete;
  Fetching& operator=(const Fetching&) = delete;

  bool start(PartitionId partition, Offset from) {
    if (rd_kafka_consume_start_queue(topic_, partition.value, from.value, queue_) != 0)
      return false;
    started_.push_back(partition.value);
    return true;
  }
  Message next(Deadline deadline) {
    return Message(rd_kafka_consume_queue(queue_, millis_left(deadline)));
  }

 private:
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* queue_;
  std::vector<std::int32_t> started_;
};

struct Failed {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::optional<PartitionId> partition;  // none: all of them
};

Failed first_without_edge(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list.elems[i];
    if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR && entry.offset >= 0) continue;
    const bool said = entry.err != RD_KAFKA_RESP_ERR_NO_ERROR;
    return {said ? entry.err : RD_KAFKA_RESP_ERR__FAIL, PartitionId(entry.partition)};
  }
  return {};
}

/// Asks again while a partition has no leader that knows of it: its topic was just made, or its leader
/// died, and in a moment there is one.
template <class Ask>
Failed ask_the_leader(Deadline deadline, Ask ask) {
  for (;;) {
    const Failed failed = ask();
    const bool changing = failed.code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                          failed.code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!changing || deadline.passed()) return failed;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// In the order of `of`: the list may have been sorted.
std::vector<std::int64_t> edges_in(const rd_kafka_topic_partition_list_t& list,
                                   const std::vector<PartitionId>& of) {
  std::map<std::int32_t, std::int64_t> edge;
  for (int i = 0; i < list.cnt; ++i) edge[list.elems[i].partition] = list.elems[i].offset;
  std::vector<std::int64_t> edges;
  for (const PartitionId p : of) edges.push_back(edge.at(p.value));
  return edges;
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
    const Failed failed = ask_the_leader(deadline, [&]() -> Failed {
      return {
          rd_kafka_query_watermark_offsets(asked->handle.get(), asked->options.topic.c_str(),
                                           partition.value, &start, &end, millis_left(deadline)),
          partition};
    });
    if (failed.code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return asked->error(at_partition("log bounds", partition), failed.code);
    }
    asked->answered();
    return LogBounds{Offset{start}, Offset{end}};
  };
  return worker_.run<LogBounds>(naming("log bounds"), deadline, call);
}

Result<std::vector<std::int64_t>> KafkaLog::Asked::edges(const std::vector<PartitionId>& of,
                                                         std::int64_t which,
                                                         Deadline deadline) const {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(of.size())));
  for (const PartitionId p : of) {
    rd_kafka_topic_partition_list_add(list.get(), options.topic.c_str(), p.value);
  }
  const Failed failed = ask_the_leader(deadline, [&]() -> Failed {
    for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = which;
    const auto code = rd_kafka_offsets_for_times(handle.get(), list.get(), millis_left(deadline));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return {code, std::nullopt};
    return first_without_edge(*list);
  });
  if (failed.code == RD_KAFKA_RESP_ERR_NO_ERROR) return edges_in(*list, of);
  return error(failed.partition ? at_partition("log bounds", *failed.partition) : "log bounds",
               failed.code);
}

Result<std::vector<LogBounds>> KafkaLog::Asked::bounds(const std::vector<PartitionId>& of,
                                                       Deadline deadline) const {
  const auto starts = edges(of, RD_KAFKA_OFFSET_BEGINNING, deadline);
  if (!starts) return starts.error();
  const auto ends = edges(of, RD_KAFKA_OFFSET_END, deadline);
  if (!ends) return ends.error();
  answered();
  std::vector<LogBounds> bounds;
  for (std::size_t i = 0; i < of.size(); ++i) {
    bounds.push_back({Offset{(*starts)[i]}, Offset{(*ends)[i]}});
  }
  return bounds;
}

Result<std::vector<LogBounds>> KafkaLog::all_bounds(std::int32_t partitions, Deadline deadline) {
  std::vector<PartitionId> all;
  for (std::int32_t p = 0; p < partitions; ++p) all.emplace_back(p);
  auto call = [asked = asked_, all, deadline] { return asked->bounds(all, deadline); };
  return worker_.run<std::vector<LogBounds>>(naming("log bounds"), deadline, call);
}

Result<Offset> KafkaLog::offset_at(PartitionId partition, AppendTime time, Deadline deadline) {
  auto call = [asked = asked_, partition, time, deadline]() -> Result<Offset> {
    PartitionList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_t* entry = rd_kafka_topic_partition_list_add(
        list.get(), asked->options.topic.c_str(), partition.value);
    const Failed failed = ask_the_leader(deadline, [&]() -> Failed {
      entry->offset = std::max<std::int64_t>(0, (time.value + 999) / 1000);  // milliseconds, up
      const auto code =
          rd_kafka_offsets_for_times(asked->handle.get(), list.get(), millis_left(deadline));
      return {code == RD_KAFKA_RESP_ERR_NO_ERROR ? entry->err : code, partition};
    });
    if (failed.code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return asked->error(at_partition("offset by time", partition), failed.code);
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
    if (topic.partition_cnt < 1) {
      return Error{ErrorCode::unavailable,
                   std::string("Kafka knows topic ") + topic.topic + ", but no partition of it yet",
                   ""};
    }
    Shape shape{topic.partition_cnt, 0};
    for (int i = 0; i < topic.partition_cnt; ++i) {
      const std::int32_t replicas = topic.partitions[i].replica_cnt;
      shape.replication = i == 0 ? replicas : std::min(shape.replication, replicas);
    }
    return shape;
  };
  return worker_.run<Shape>(naming("metadata"), deadline, call);
}

Result<std::optional<FetchedRecord>> KafkaLog::read(PartitionId partition, Offset offset,
                                                    Deadline deadline) {
  auto records = read({{partition, offset}}, deadline);
  if (!records) return records.error();
  return std::move(records->front());
}

Result<std::vector<std::optional<FetchedRecord>>> KafkaLog::read(
    const std::vector<RecordAddress>& addresses, Deadline deadline) {
  using Records = std::vector<std::optional<FetchedRecord>>;
  if (addresses.empty()) return Records();
  auto call = [asked = asked_, addresses, deadline] { return asked->read(addresses, deadline); };
  return worker_.run<Records>(naming("read of records"), deadline, call);
}

Result<std::vector<std::optional<FetchedRecord>>> KafkaLog::Asked::read(
    const std::vector<RecordAddress>& addresses, Deadline deadline) {
  std::vector<PartitionId> partitions;
  for (const RecordAddress& address : addresses) partitions.push_back(address.partition);
  const auto logs = bounds(partitions, deadline);
  if (!logs) return logs.error();
  Fetching fetching(handle.get(), topic);
  std::map<std::int32_t, std::size_t> wanted;  // partition → place in addresses
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto [partition, offset] = addresses[i];
    if (offset < (*logs)[i].start || offset >= (*logs)[i].end) continue;
    if (!fetching.start(partition, offset)) return error(at(addresses[i]), rd_kafka_last_error());
    wanted.emplace(partition.value, i);
  }
  std::vector<std::optional<FetchedRecord>> records(addresses.size());
  while (!wanted.empty()) {
    const RecordAddress& some = addresses[wanted.begin()->second];
    if (deadline.passed()) return kafka_error(options, at(some), RD_KAFKA_RESP_ERR__TIMED_OUT);
    const Message message = fetching.next(deadline);
    if (!message) continue;
    const auto found = wanted.find(message->partition);
    if (found == wanted.end()) continue;  // one behind the one that was asked for
    const std::size_t place = found->second;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (message->offset == addresses[place].offset.value) records[place] = owned(message.get());
    } else if (!means_none(message->err)) {
      return error(at(addresses[place]), message->err);
    }
    wanted.erase(found);
  }
  answered();
  return records;
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

Anchor anchor_of(const FetchedRecord& record) {
  return {record.offset, record_digest(record.view()), record.append_time};
}

}  // namespace weir
