#include "analytics/engine.h"
#include "analytics/store_fixture.h"

#include <set>

namespace weir {
namespace {

class RequestsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    consumer_ = consumer();
    load(*consumer_);
    engine_ = std::make_unique<QueryEngine>(std::move(*QueryEngine::open(*volume_, {}, clock_)));
  }
  /// `count` requests, three to a second, the newest last.
  void commit_requests(int count, std::int64_t from_us) {
    BatchBuilder b(0, next_);
    for (int i = 0; i < count; ++i) {
      b.add(request("acme", i % 2 ? "/odd" : "/even", from_us + i / 3 * kMicrosPerSecond));
    }
    ASSERT_EQ(commit(*consumer_, b.batch()), Committed::done);
    next_ += count;
  }
  RequestsAnswer page(const QueryParameters& parameters, const std::string& tenant = "acme") {
    Result<RequestsSpec> spec = check_requests(parameters, tenant, kNoonUs);
    WEIR_CHECK(spec.ok());
    Result<RequestsAnswer> answer =
        engine_->requests(tenant, *spec, soon(), [](const QueryCost&) { return Status(); });
    if (!answer) ADD_FAILURE() << answer.error().text();
    WEIR_CHECK(answer.ok());
    return std::move(*answer);
  }
  static std::string id_of(const std::vector<Cell>& row) { return std::get<std::string>(row[1]); }

  std::int64_t next_ = 0;
  std::unique_ptr<Consumer> consumer_;
  std::unique_ptr<QueryEngine> engine_;
};

TEST_F(RequestsTest, pages_give_every_request_once_newest_first) {
  commit_requests(100, kNoonUs - 1000 * kMicrosPerSecond);
  QueryParameters parameters;
  parameters.limit = "7";
  std::set<std::string> seen;
  Int128 last = kNoonUs;
  int pages = 0;
  while (true) {
    RequestsAnswer answer = page(parameters);
    ++pages;
    for (const std::vector<Cell>& row : answer.table.rows) {
      EXPECT_TRUE(seen.insert(id_of(row)).second) << id_of(row);
      EXPECT_LE(std::get<Int128>(row[0]), last);
      last = std::get<Int128>(row[0]);
    }
    if (!answer.next_cursor) break;
    parameters.cursor = answer.next_cursor;
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(pages, 15);
}

TEST_F(RequestsTest, newer_requests_do_not_move_the_pages) {
  commit_requests(20, kNoonUs - 1000 * kMicrosPerSecond);
  QueryParameters parameters;
  parameters.limit = "10";
  RequestsAnswer first = page(parameters);
  commit_requests(20, kNoonUs - 500 * kMicrosPerSecond);
  parameters.cursor = first.next_cursor;
  RequestsAnswer second = page(parameters);
  ASSERT_EQ(second.table.rows.size(), 10u);
  EXPECT_EQ(id_of(second.table.rows.front()), "0:9");
  EXPECT_FALSE(second.next_cursor.has_value());
}

TEST_F(RequestsTest, filters_hold_on_every_page) {
  commit_requests(30, kNoonUs - 1000 * kMicrosPerSecond);
  QueryParameters parameters;
  parameters.limit = "10";
  parameters.filters = {{"route", {"/odd"}}};
  RequestsAnswer first = page(parameters);
  parameters.cursor = first.next_cursor;
  RequestsAnswer second = page(parameters);
  EXPECT_EQ(first.table.rows.size() + second.table.rows.size(), 15u);
  for (const std::vector<Cell>& row : second.table.rows) {
    EXPECT_EQ(std::get<std::string>(row[6]), "/odd");
  }
}

TEST_F(RequestsTest, a_cursor_serves_its_own_list_only) {
  commit_requests(30, kNoonUs - 1000 * kMicrosPerSecond);
  QueryParameters parameters;
  parameters.limit = "10";
  parameters.cursor = page(parameters).next_cursor;
  ASSERT_TRUE(parameters.cursor.has_value());
  EXPECT_TRUE(check_requests(parameters, "acme", kNoonUs).ok());
  EXPECT_FALSE(check_requests(parameters, "bolt", kNoonUs).ok());
  QueryParameters filtered = parameters;
  filtered.filters = {{"route", {"/odd"}}};
  EXPECT_FALSE(check_requests(filtered, "acme", kNoonUs).ok());
  for (const char* bad : {"", "zz", "00", "313233"}) {
    parameters.cursor = bad;
    EXPECT_FALSE(check_requests(parameters, "acme", kNoonUs).ok()) << bad;
  }
}

TEST_F(RequestsTest, a_tenant_sees_its_own_requests_only) {
  commit_requests(5, kNoonUs - 1000 * kMicrosPerSecond);
  EXPECT_TRUE(page({}, "bolt").table.rows.empty());
  EXPECT_EQ(page({}, "acme").table.rows.size(), 5u);
}

}  // namespace
}  // namespace weir
