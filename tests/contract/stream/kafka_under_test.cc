// A topic of its own on the broker that WEIR_TEST_KAFKA names. What a stranger does to it goes
// through a producer of librdkafka's, not through the code under test.
#include "base/digest.h"
#include "ingest/kafka/kafka_admin.h"
#include "ingest/kafka/kafka_sink.h"
#include "ingest/kafka/kafka_source.h"
#include "tests/contract/stream/stream_under_test.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <thread>

namespace weir {
namespace {

constexpr int kTimeoutMs = 30'000;

struct HandleDeleter {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using Handle = std::unique_ptr<rd_kafka_t, HandleDeleter>;

Handle make_producer(const std::string& brokers, const std::string& transactional_id) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), nullptr, 0);
  if (!transactional_id.empty()) {
    rd_kafka_conf_set(conf, "transactional.id", transactional_id.c_str(), nullptr, 0);
  }
  return Handle(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
}

void expect_no_error(rd_kafka_error_t* error) {
  EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
  if (error != nullptr) rd_kafka_error_destroy(error);
}

class KafkaUnderTest : public StreamUnderTest {
 public:
  KafkaUnderTest(const std::string& brokers, std::int32_t partitions) : partitions_(partitions) {
    options_.brokers = brokers;
    options_.topic = "contract-" + random_hex(8);
    options_.group = options_.topic;
    options_.session_timeout = std::chrono::seconds(6);
    admin_ = std::move(*KafkaAdmin::open(options_));
    const Status made =
        admin_->create_topic({.partitions = partitions}, Deadline::in(std::chrono::seconds(30)));
    EXPECT_TRUE(made) << made.error().text();
    sink_ = std::move(*KafkaSink::open(options_));
    foreign_ = make_producer(brokers, "");
  }
  ~KafkaUnderTest() override {
    const Status gone = admin_->delete_topic(Deadline::in(std::chrono::seconds(30)));
    EXPECT_TRUE(gone);
  }

  std::unique_ptr<Source> join() override { return std::move(*KafkaSource::open(options_)); }
  RecordSink& sink() override { return *sink_; }
  void put_foreign(PartitionId partition, std::string_view key, std::string_view value) override {
    produce(foreign_.get(), partition, key, value);
    EXPECT_EQ(rd_kafka_flush(foreign_.get(), kTimeoutMs), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void put_with_headers(PartitionId partition, std::string_view value, std::string_view origin_text,
                        std::string_view redrive_text) override;
  void retain_from(PartitionId partition, Offset start) override;
  void begin_transaction(PartitionId partition, int count) override;
  void end_transaction(PartitionId) override {
    expect_no_error(rd_kafka_abort_transaction(transactional_.get(), kTimeoutMs));
  }
  StreamLog* log() override { return admin_.get(); }
  void pass_time() override {
    // The broker's clock counts milliseconds; this is its passing, not a wait for something.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

 private:
  void produce(rd_kafka_t* with, PartitionId partition, std::string_view key,
               std::string_view value) {
    EXPECT_EQ(
        rd_kafka_producev(
            with, RD_KAFKA_V_TOPIC(options_.topic.c_str()), RD_KAFKA_V_PARTITION(partition.value),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
            RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_END),
        RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  std::int32_t partitions_;
  KafkaOptions options_;
  std::unique_ptr<KafkaAdmin> admin_;
  std::unique_ptr<KafkaSink> sink_;
  Handle foreign_, transactional_;
};

void KafkaUnderTest::put_with_headers(PartitionId partition, std::string_view value,
                                      std::string_view origin_text, std::string_view redrive_text) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(2);
  auto add = [&](const char* name, std::string_view text) {
    if (text.empty()) return;
    EXPECT_EQ(
        rd_kafka_header_add(headers, name, -1, text.data(), static_cast<ssize_t>(text.size())),
        RD_KAFKA_RESP_ERR_NO_ERROR);
  };
  add(kOriginHeader, origin_text);
  add(kRedriveHeader, redrive_text);
  EXPECT_EQ(rd_kafka_producev(foreign_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
                              RD_KAFKA_V_PARTITION(partition.value),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                              RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(rd_kafka_flush(foreign_.get(), kTimeoutMs), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void KafkaUnderTest::retain_from(PartitionId partition, Offset start) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, options_.topic.c_str(), partition.value)->offset =
      start.value;
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(foreign_.get());
  rd_kafka_DeleteRecords(foreign_.get(), &request, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, kTimeoutMs);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteRecords_destroy(request);
  rd_kafka_topic_partition_list_destroy(list);
}

void KafkaUnderTest::begin_transaction(PartitionId partition, int count) {
  transactional_ = make_producer(options_.brokers, options_.topic);
  expect_no_error(rd_kafka_init_transactions(transactional_.get(), kTimeoutMs));
  expect_no_error(rd_kafka_begin_transaction(transactional_.get()));
  for (int i = 0; i < count; ++i) produce(transactional_.get(), partition, "k", "never committed");
  EXPECT_EQ(rd_kafka_flush(transactional_.get(), kTimeoutMs), RD_KAFKA_RESP_ERR_NO_ERROR);
}

}  // namespace

std::unique_ptr<StreamUnderTest> make_kafka_stream(std::int32_t partitions) {
  const char* brokers = std::getenv("WEIR_TEST_KAFKA");
  if (brokers == nullptr || *brokers == '\0') {
    ADD_FAILURE() << "WEIR_TEST_KAFKA does not name a broker (host:port): start one, or run this "
                     "through `./weir test`";
    return nullptr;
  }
  return std::make_unique<KafkaUnderTest>(brokers, partitions);
}

}  // namespace weir
