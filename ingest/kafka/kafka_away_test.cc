// What a broker that is not there costs: an error by the deadline, never a hang.
#include "ingest/kafka/kafka_admin.h"
#include "ingest/kafka/kafka_sink.h"
#include "ingest/kafka/kafka_source.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

class KafkaAway : public testing::Test {
 protected:
  KafkaAway() {
    options.brokers = "127.0.0.1:1";  // tcpmux: nobody listens
    options.group = "nobody";
  }
  Deadline soon() { return Deadline::in(std::chrono::milliseconds(300)); }
  KafkaOptions options;
};

TEST_F(KafkaAway, append_says_unavailable_by_its_deadline) {
  auto sink = std::move(*KafkaSink::open(options));
  const OutRecord record{PartitionId{0}, "application/json", "{}"};
  Result<std::vector<Appended>> appended = sink->append({&record, 1}, soon());
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::unavailable);
  EXPECT_NE(appended.error().what.find("127.0.0.1:1"), std::string::npos);
}

TEST_F(KafkaAway, poll_says_nothing_and_questions_are_unavailable) {
  auto source = std::move(*KafkaSource::open(options));
  Result<Polled> polled = source->poll(std::chrono::milliseconds(50));
  ASSERT_TRUE(polled) << polled.error().text();
  EXPECT_EQ(polled->kind, Polled::Kind::nothing);
  EXPECT_EQ(source->bounds(PartitionId{0}, soon()).error().code, ErrorCode::unavailable);
  EXPECT_EQ(source->partition_count(soon()).error().code, ErrorCode::unavailable);
}

TEST_F(KafkaAway, admin_says_unavailable_by_its_deadline) {
  auto admin = std::move(*KafkaAdmin::open(options));
  EXPECT_EQ(admin->describe(soon()).error().code, ErrorCode::unavailable);
  EXPECT_EQ(admin->create_topic({}, soon()).error().code, ErrorCode::unavailable);
}

TEST_F(KafkaAway, a_bad_option_is_told_at_once) {
  options.group = "";
  EXPECT_EQ(KafkaSource::open(options).error().code, ErrorCode::config);
}

}  // namespace
}  // namespace weir
