// The intake and one tenant's share of the bytes under way: bodies inside bodies, and calls that throw.
#include "ingest/collector/intake.h"

#include "ingest/collector/tenant_shares.h"
#include "ingest/stream/memory_stream.h"

#include <fmt/format.h>
#include <functional>
#include <gmock/gmock.h>
#include <stdexcept>

namespace weir {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

/// The intake asks for the time while it has a body in hand: a place to do something in between.
class BusyClock : public ManualClock {
 public:
  using ManualClock::ManualClock;
  WallTime now() override {
    if (const auto once = std::exchange(in_between, nullptr)) once();
    return ManualClock::now();
  }
  std::function<void()> in_between;
};

class RefusingSink : public RecordSink {
 public:
  explicit RefusingSink(Error error) : error_(std::move(error)) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord>, Deadline) override {
    return error_;
  }
  Result<std::int32_t> partition_count(Deadline) override { return 1; }

 private:
  const Error error_;
};

class IntakeTest : public testing::Test {
 protected:
  static constexpr WallTime kNow{1'700'000'000'000'000};

  IntakeTest()
      : clock_(kNow),
        stream_(1, clock_),
        sink_(stream_.sink()),
        key_(*IdentityKey::from_secret("an identity key for tests only")),
        stamp_(*RouteTemplates::make({}, 100)),
        intake_(*sink_, key_, stamp_, options(), clock_, metrics_) {}

  static IntakeOptions options() {
    IntakeOptions made;
    made.tenant_bytes_max = 1000;
    return made;
  }
  int post_body(std::string body) {
    HttpRequest request;
    request.method = "POST";
    request.tenant = "acme";
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    return intake_.post(request).status;
  }
  int post(const std::string& id, std::size_t padding = 0) {
    return post_body(
        fmt::format(R"({{"source":"s","id":"{}","time":{},"subscription":"sub-1","padding":"{}"}})",
                    id, kNow.value, std::string(padding, 'x')));
  }

  BusyClock clock_;
  MemoryStream stream_;
  std::unique_ptr<RecordSink> sink_;
  const IdentityKey key_;
  Stamp stamp_;
  Metrics metrics_;
  Intake intake_;
};

// Anybody with an API key could end the collector: two empty bodies at once.
TEST_F(IntakeTest, an_empty_body_that_ends_inside_another_one_harms_nothing) {
  int inner = 0;
  clock_.in_between = [&] { inner = post_body(""); };
  EXPECT_EQ(post_body(""), 400);
  EXPECT_EQ(inner, 400);
  clock_.in_between = [&] { inner = post("small"); };
  EXPECT_EQ(post_body(""), 400);
  EXPECT_EQ(inner, 202);
}

TEST_F(IntakeTest, a_tenant_with_its_share_under_way_is_told_to_wait) {
  int inner = 0;
  clock_.in_between = [&] { inner = post("second", 600); };
  EXPECT_EQ(post("first", 600), 202);
  EXPECT_EQ(inner, 429);
  EXPECT_EQ(post("second", 600), 202);
}

// A share that a broken call never gave back: 429 for ever.
TEST_F(IntakeTest, a_call_that_throws_gives_back_its_share) {
  clock_.in_between = [] { throw std::runtime_error("out of something"); };
  EXPECT_THROW(post("first", 600), std::runtime_error);
  EXPECT_EQ(post("first", 600), 202);
}

TEST_F(IntakeTest, a_tenant_is_known_for_as_long_as_one_body_is_under_way) {
  TenantShares shares(1000);
  {
    const auto empty = shares.take("acme", 0);
    ASSERT_TRUE(empty);
    { const auto other = shares.take("acme", 400); }
    EXPECT_EQ(shares.tenants(), 1U);
    const auto beside = shares.take("beta", 2000);  // the first one, however large
    EXPECT_TRUE(beside);
  }
  EXPECT_EQ(shares.tenants(), 0U);
}

// What an operator has to do, and where, is no business of whoever has an API key.
TEST_F(IntakeTest, a_client_is_told_nothing_of_folders_and_brokers) {
  for (const ErrorCode code : {ErrorCode::conflict, ErrorCode::full, ErrorCode::unavailable,
                               ErrorCode::in_doubt, ErrorCode::integrity, ErrorCode::denied}) {
    RefusingSink sink({code, "/var/lib/weir/spool at kafka-1:9092", "remove the folder"});
    Intake intake(sink, key_, stamp_, options(), clock_, metrics_);
    HttpRequest request;
    request.tenant = "acme";
    request.headers = {{"content-type", "application/json"}};
    request.body =
        fmt::format(R"({{"source":"s","id":"1","time":{},"subscription":"sub-1"}})", kNow.value);
    const HttpResponse answer = intake.post(request);
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.body, Not(AnyOf(HasSubstr("spool at"), HasSubstr("kafka-1"),
                                       HasSubstr("remove the folder"))));
    EXPECT_THAT(answer.body, HasSubstr("send the same body again"));
  }
}

}  // namespace
}  // namespace weir
