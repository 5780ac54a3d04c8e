#include "analytics/counts_spec.h"
#include "analytics/store_fixture.h"

namespace weir {
namespace {

class CountsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    consumer_ = consumer();
    load(*consumer_);
    engine_ = std::make_unique<QueryEngine>(std::move(*QueryEngine::open(*volume_, {}, clock_)));
  }
  /// One commit of one row a name, from `next_` of partition 0 on.
  void commit_rows(const std::vector<std::string>& subscriptions, std::int64_t time_us,
                   Verdict verdict = Verdict::fresh) {
    BatchBuilder b(0, next_);
    for (const std::string& subscription : subscriptions) {
      RequestRow row = request("acme", "/r", time_us);
      row.subscription = subscription;
      b.add(row, verdict);
    }
    ASSERT_EQ(commit(*consumer_, b.batch()), Committed::done);
    next_ += static_cast<std::int64_t>(subscriptions.size());
  }
  CountsAnswer counts(std::int64_t below, std::int64_t incarnation = 1,
                      const std::string& tenant = "acme") {
    const CountsSpec spec{{kNoonUs, kNoonUs + 100}, incarnation, {below}};
    Result<CountsAnswer> answer =
        engine_->counts(tenant, spec, soon(), [](const QueryCost&) { return Status(); });
    if (!answer) ADD_FAILURE() << answer.error().text();
    WEIR_CHECK(answer.ok());
    return *std::move(answer);
  }
  static std::string text_of(const CountsAnswer& answer) {
    std::string text;
    for (const SubscriptionCount& row : answer.rows) {
      text += row.subscription + " " + std::to_string(row.requests) + " " +
              std::to_string(row.unprovable) + "; ";
    }
    return text;
  }

  std::int64_t next_ = 0;
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<QueryEngine> engine_;
};

TEST_F(CountsTest, rows_are_counted_by_their_own_address_and_time) {
  commit_rows({"a", "b", "a"}, kNoonUs);
  commit_rows({"a", "a", "b"}, kNoonUs + 99);
  commit_rows({"a"}, kNoonUs + 100);  // outside [from, to)
  EXPECT_EQ(text_of(counts(7)), "a 4 0; b 2 0; ");
  EXPECT_EQ(text_of(counts(4)), "a 3 0; b 1 0; ");  // in the middle of a segment
  EXPECT_EQ(text_of(counts(0)), "");
  EXPECT_TRUE(counts(7).reached);
}

TEST_F(CountsTest, copies_do_not_count_and_unprovable_ones_stand_apart) {
  commit_rows({"a"}, kNoonUs);
  commit_rows({"a"}, kNoonUs, Verdict::duplicate);
  commit_rows({"a", "b"}, kNoonUs, Verdict::unprovable);
  EXPECT_EQ(text_of(counts(4)), "a 1 1; b 0 1; ");
}

TEST_F(CountsTest, another_tenant_and_traffic_without_a_subscription_are_not_seen) {
  commit_rows({"a", ""}, kNoonUs);
  EXPECT_EQ(text_of(counts(2)), "a 1 0; ");
  EXPECT_EQ(text_of(counts(2, 1, "other")), "");
}

TEST_F(CountsTest, it_says_when_the_vector_is_not_reached_yet) {
  commit_rows({"a"}, kNoonUs);
  const CountsAnswer behind = counts(2);
  EXPECT_FALSE(behind.reached);
  EXPECT_EQ(behind.next, std::vector<std::int64_t>{1});
  EXPECT_FALSE(counts(1, 2).reached);  // a later incarnation
}

TEST_F(CountsTest, addresses_of_an_older_incarnation_lie_below_every_vector) {
  commit_rows({"a", "a"}, kNoonUs);
  EXPECT_EQ(text_of(counts(0, 2)), "a 2 0; ");
}

TEST(CountsSpecTest, a_body_that_is_wrong_names_the_member) {
  auto error_of = [](const std::string& body) {
    const auto spec = counts_of_json(body);
    return spec ? "" : spec.error().what.substr(0, spec.error().what.find(':'));
  };
  const std::string times = R"("from":"2026-03-01T00:00:00Z","to":"2026-03-01T01:00:00Z")";
  EXPECT_EQ(error_of("{" + times + R"(,"incarnation":1,"vector":[3,0]})"), "");
  EXPECT_EQ(error_of("[]"), "body");
  EXPECT_EQ(error_of("{}"), "from");
  EXPECT_EQ(error_of(R"({"from":"2026-03-01T00:00:00Z","to":"2026-03-01T00:00:00Z"})"), "to");
  EXPECT_EQ(error_of("{" + times + R"(,"vector":[3]})"), "incarnation");
  EXPECT_EQ(error_of("{" + times + R"(,"incarnation":1,"vector":[]})"), "vector");
  EXPECT_EQ(error_of("{" + times + R"(,"incarnation":1,"vector":[-1]})"), "vector");
  EXPECT_EQ(error_of("{" + times + R"(,"incarnation":1,"vector":["1"]})"), "vector");
}

}  // namespace
}  // namespace weir
