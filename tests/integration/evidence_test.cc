// The evidence on real parts: verify, verify --from-stream and crosscheck agree about a bill, and each
// of them notices a ledger that somebody changed.
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;

class Evidence : public ::testing::Test {
 protected:
  void SetUp() override {
    from_us_ = system_clock().now().value / kMicrosPerSecond * kMicrosPerSecond;
    weir_.apply_catalog(one_price({"s1", "s2"}, "2s", "1.00", from_us_));
    key_ = weir_.api_key("acme");
    quota_ = weir_.start("weir-quota", {"run"}, "quota");
    segments_ = weir_.start("weir-analytics", {"consume"}, "segments");
    queries_ = weir_.start("weir-analytics", {"serve"}, "queries");
  }
  /// Thirty events, five of them twice, one that cannot be read by its time, one stranger's.
  void send() {
    std::string lines;
    for (int i = 0; i < 30; ++i) {
      const std::string subscription = i % 3 == 0 ? "s2" : i == 7 ? "stranger" : "s1";
      const std::string line = fmt::format(
          R"({0}|{{"tenant":"acme","source":"t","id":"{1}","time":{2},"subscription":"{0}"}})"
          "\n",
          subscription, i, from_us_ + i * 1000);
      lines += i % 6 == 0 ? line + line : line;
    }
    weir_.kcat(lines);
  }
  void bill() {
    ASSERT_TRUE(eventually(seconds(90), [&] {
      const Finished run = weir_.run("weir-billing", {"run"});
      EXPECT_TRUE(run.exit_code == 0 || run.exit_code == 75) << run.out << run.err;
      return weir_.sql_number("select coalesce(sum(usage_units), 0) from billing.snapshot") > 0 ||
             HasFailure();
    }));
  }
  std::string closed_usage() {
    return weir_.sql("select min(id) from billing.close where t_us > " + std::to_string(from_us_));
  }
  Finished crosscheck(const std::string& close) {
    return weir_.run("weir-billing", {"crosscheck", "--close", close,
                                      "--billing.analytics_url=" + weir_.url_of(*queries_),
                                      "--billing.analytics_keys=" + key_});
  }

  Deployment weir_;
  std::int64_t from_us_ = 0;
  std::string key_;
  std::unique_ptr<ChildProcess> quota_, segments_, queries_;
};

TEST_F(Evidence, all_three_agree_about_a_bill_and_notice_a_ledger_that_was_changed) {
  send();
  bill();
  if (HasFailure()) return;
  const std::string close = closed_usage();

  const Finished same = weir_.run("weir-billing", {"verify"});
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  EXPECT_TRUE(same.out.ends_with("same\n")) << same.out;
  const Finished recounted = weir_.run("weir-billing", {"verify", "--from-stream"});
  EXPECT_EQ(recounted.exit_code, 0) << recounted.out << recounted.err;
  EXPECT_NE(recounted.out.find("35 events, 5 of them copies"), std::string::npos) << recounted.out;
  Finished equal;
  EXPECT_TRUE(eventually(seconds(30), [&] {
    equal = crosscheck(close);
    return equal.exit_code != 75 && equal.exit_code != 69;  // until analytics has come that far
  }));
  EXPECT_EQ(equal.exit_code, 0) << equal.out << equal.err;
  EXPECT_NE(equal.out.find("equal: 30 requests in quota, 30 in analytics"), std::string::npos)
      << equal.out;

  weir_.sql(
      "with u as (update quota.usage set units = units + 1 where subscription = 's2' "
      "returning 1) select count(*) from u");
  EXPECT_EQ(weir_.run("weir-billing", {"verify"}).exit_code, 70);
  const Finished differs = weir_.run("weir-billing", {"verify", "--from-stream"});
  EXPECT_EQ(differs.exit_code, 70) << differs.out;
  EXPECT_NE(differs.out.find("acme/s2 requests"), std::string::npos) << differs.out;
  const Finished different = crosscheck(close);
  EXPECT_EQ(different.exit_code, 1) << different.out << different.err;
  EXPECT_NE(different.out.find("s2"), std::string::npos) << different.out;
}

TEST_F(Evidence, analytics_away_is_69_and_says_that_no_bill_waits_for_it) {
  send();
  bill();
  if (HasFailure()) return;
  const Finished away =
      weir_.run("weir-billing", {"crosscheck", "--billing.analytics_url=http://127.0.0.1:1",
                                 "--billing.analytics_keys=" + key_});
  EXPECT_EQ(away.exit_code, 69) << away.out << away.err;
  EXPECT_NE(away.err.find("no bill waits for it"), std::string::npos) << away.err;
}

}  // namespace
}  // namespace weir::test
