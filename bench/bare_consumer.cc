// The baseline: a bare librdkafka consumer that polls every record of a topic and drops it.
//
//   weir-bench-bare-consumer BROKERS TOPIC  →  {"records":1010000,"bytes":431…,"micros":1443…}
//
// It is set as Weir's own source is (bytes and messages fetched ahead, isolation), reads all
// partitions from offset 0 to their ends of now, and asks for one message a call. The time runs from
// when the partitions are assigned to the last record. Exit 1 when the broker is silent for 30 s.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <memory>
#include <string>

namespace {

constexpr int kSilenceMs = 30'000;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "weir-bench-bare-consumer: {}\n", why);
  std::exit(1);
}

struct Destroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

Owned<rd_kafka_t> open_consumer(const std::string& brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    char fault[256];
    if (rd_kafka_conf_set(conf, name, value, fault, sizeof fault) != RD_KAFKA_CONF_OK) {
      give_up(fault);
    }
  };
  set("bootstrap.servers", brokers.c_str());
  set("group.id", "weir-bench-bare");
  set("enable.auto.commit", "false");
  set("enable.auto.offset.store", "false");
  set("auto.offset.reset", "error");
  set("isolation.level", "read_committed");
  set("enable.partition.eof", "true");
  set("queued.max.messages.kbytes", "65536");
  set("queued.min.messages", "200000");
  set("fetch.wait.max.ms", "250");
  set("fetch.error.backoff.ms", "50");
  char fault[256];
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, fault, sizeof fault);
  if (handle == nullptr) give_up(fault);
  rd_kafka_poll_set_consumer(handle);
  return Owned<rd_kafka_t>(handle);
}

Owned<rd_kafka_topic_partition_list_t> all_partitions(rd_kafka_t* handle,
                                                      const std::string& topic) {
  const rd_kafka_metadata_t* found = nullptr;
  rd_kafka_topic_t* named = rd_kafka_topic_new(handle, topic.c_str(), nullptr);
  const auto code = rd_kafka_metadata(handle, 0, named, &found, kSilenceMs);
  rd_kafka_topic_destroy(named);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) give_up(rd_kafka_err2str(code));
  const Owned<const rd_kafka_metadata_t> metadata(found);
  const int partitions = metadata->topics[0].partition_cnt;
  if (partitions == 0) give_up("no topic " + topic);
  Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
  for (int p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p)->offset = 0;
  }
  return list;
}

struct Read {
  std::int64_t records = 0;
  std::int64_t bytes = 0;
};

Read read_to_the_end(rd_kafka_t* handle, int partitions) {
  Read read;
  for (int at_end = 0; at_end < partitions;) {
    const Owned<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle, kSilenceMs));
    if (!message) give_up("the broker is silent");
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++read.records;
      read.bytes += static_cast<std::int64_t>(message->len);
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ++at_end;
    } else {
      give_up(rd_kafka_message_errstr(message.get()));
    }
  }
  return read;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) give_up("usage: weir-bench-bare-consumer BROKERS TOPIC");
  const Owned<rd_kafka_t> handle = open_consumer(argv[1]);
  const auto partitions = all_partitions(handle.get(), argv[2]);
  const auto begun = std::chrono::steady_clock::now();
  if (const auto code = rd_kafka_assign(handle.get(), partitions.get())) {
    give_up(rd_kafka_err2str(code));
  }
  const Read read = read_to_the_end(handle.get(), partitions->cnt);
  const auto spent = std::chrono::steady_clock::now() - begun;
  fmt::print("{{\"records\":{},\"bytes\":{},\"micros\":{}}}\n", read.records, read.bytes,
             std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
  rd_kafka_consumer_close(handle.get());
}
