// The intake in front of a producer: 202 means spooled, whatever the stream does; a full spool is 503.
#include "ingest/collector/intake.h"
#include "ingest/producer/producer_fixture.h"

#include <fmt/format.h>

namespace weir {
namespace {

class SpooledIntake : public ProducerTest {
 protected:
  SpooledIntake()
      : key_(*IdentityKey::from_secret("an identity key for tests only")),
        stamp_(*RouteTemplates::make({}, 100)) {}

  void start() {
    producer_ = open();
    intake_ =
        std::make_unique<Intake>(*producer_, key_, stamp_, IntakeOptions{}, clock_, *metrics_);
  }
  HttpResponse post(const std::string& id, std::size_t padding = 0) {
    HttpRequest request;
    request.method = "POST";
    request.tenant = "acme";
    request.headers = {{"content-type", "application/json"}};
    request.body =
        fmt::format(R"({{"source":"s","id":"{}","time":{},"subscription":"sub-1","padding":"{}"}})",
                    id, clock_.now().value, std::string(padding, 'x'));
    return intake_->post(request);
  }

  const IdentityKey key_;
  Stamp stamp_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<Intake> intake_;
};

TEST_F(SpooledIntake, R13_before_the_registration_it_is_503_and_says_why) {
  start();
  const HttpResponse refused = post("early");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("not registered"), std::string::npos);
  ASSERT_TRUE(producer_->begin(soon()));
  EXPECT_EQ(post("early").status, 202);
}

TEST_F(SpooledIntake, with_the_stream_away_202_goes_on_and_all_arrives_in_order) {
  start();
  ASSERT_TRUE(producer_->begin(soon()));
  stream_.fail_appends(std::vector<MemoryStream::AppendFault>(50));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(post(fmt::format("e{}", i)).status, 202);
    EXPECT_FALSE(producer_->forward(soon()));
  }
  forward_all(*producer_);
  const Told told = Told::of(stream_);
  told.expect_promises();
  int next = 0;
  for (const Told::Record& record : told.records) {
    if (record.content_type == kSeal) continue;
    EXPECT_NE(record.value.find(fmt::format(R"("id":"e{}")", next)), std::string::npos);
    ++next;
  }
  EXPECT_EQ(next, 50);
}

TEST_F(SpooledIntake, a_full_spool_is_503_with_retry_after_until_the_stream_is_back) {
  start();
  ASSERT_TRUE(producer_->begin(soon()));
  disk_.set_bytes_max(64 << 10);
  HttpResponse answer = post("0");
  int accepted = 0;
  while (answer.status == 202 && accepted < 10'000) {
    ++accepted;
    answer = post(std::to_string(accepted));
  }
  EXPECT_EQ(answer.status, 503);
  EXPECT_GT(accepted, 10);
  bool says_when = false;
  for (const auto& [name, value] : answer.headers) says_when = says_when || name == "Retry-After";
  EXPECT_TRUE(says_when);
  disk_.set_bytes_max(0);
  EXPECT_EQ(post("last").status, 202);
  forward_all(*producer_);
  EXPECT_EQ(producer_->standing().numbers[0] + producer_->standing().numbers[1], accepted + 1);
}

}  // namespace
}  // namespace weir
