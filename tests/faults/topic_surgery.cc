#include "tests/faults/topic_surgery.h"

#include <array>
#include <functional>
#include <librdkafka/rdkafka.h>
#include <memory>
#include <stdexcept>

namespace weir::test {
namespace {

constexpr int kTimeoutMs = 30'000;

template <class T, void (*Destroy)(T*)>
struct Destroyer {
  void operator()(T* of) const { Destroy(of); }
};
template <class T, void (*Destroy)(T*)>
using Owned = std::unique_ptr<T, Destroyer<T, Destroy>>;

using Handle = Owned<rd_kafka_t, rd_kafka_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;

Handle open_client(const std::string& brokers) {
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), why.data(), why.size()) !=
      RD_KAFKA_CONF_OK) {
    throw std::runtime_error(why.data());
  }
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  if (handle == nullptr) throw std::runtime_error(why.data());
  return Handle(handle);
}

void must(rd_kafka_resp_err_t code, const char* text) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  throw std::runtime_error(text != nullptr ? text : rd_kafka_err2str(code));
}

/// Asks, and waits for the broker's answer.
void ask(const std::string& brokers,
         const std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>& call) {
  const Handle client = open_client(brokers);
  const Queue queue(rd_kafka_queue_new(client.get()));
  call(client.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), kTimeoutMs));
  if (!event) throw std::runtime_error("the broker did not answer");
  must(rd_kafka_event_error(event.get()), rd_kafka_event_error_string(event.get()));
}

}  // namespace

TopicSurgery::TopicSurgery(std::string brokers, std::string topic)
    : brokers_(std::move(brokers)), topic_(std::move(topic)) {}

void TopicSurgery::delete_records(std::int32_t partition, std::int64_t offset) const {
  const Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy> list(
      rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list.get());
  ask(brokers_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(client, &request, 1, nullptr, queue);
  });
  rd_kafka_DeleteRecords_destroy(request);
}

void TopicSurgery::add_partitions(std::int32_t total) const {
  std::array<char, 512> why{};
  rd_kafka_NewPartitions_t* request = rd_kafka_NewPartitions_new(
      topic_.c_str(), static_cast<std::size_t>(total), why.data(), why.size());
  if (request == nullptr) throw std::runtime_error(why.data());
  ask(brokers_, [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(client, &request, 1, nullptr, queue);
  });
  rd_kafka_NewPartitions_destroy(request);
}

}  // namespace weir::test
