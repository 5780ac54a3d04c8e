// The usage ledger is lost and rebuilt from the stream (R17), with the real binaries: the closes and the
// decisions come from their exports, and billing, which kept its own rows, finds what it knew.
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

std::int64_t now_us() { return system_clock().now().value; }

class Rebuild : public ::testing::Test {
 protected:
  Rebuild() {
    weir_.apply_catalog(one_price({"s0", "s1", "s2"}, "2s", "1.00", from_us_));
    consume();
  }
  void consume() { quota_ = weir_.start("weir-quota", {"consume"}, "quota"); }

  /// `count` new events at `time_us`, and each of them twice.
  void send(std::int64_t time_us, int count) {
    std::string lines;
    for (int i = 0; i < count; ++i, ++events_) {
      const std::string line = fmt::format(
          R"({0}|{{"tenant":"acme","source":"t","id":"{1}","time":{2},"subscription":"{0}"}})"
          "\n",
          fmt::format("s{}", events_ % 3), events_, time_us);
      lines += line + line;
    }
    weir_.kcat(lines);
  }
  void applied() {
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }))
        << quota_->err();
  }
  void charged() {
    Finished run;
    ASSERT_TRUE(eventually(seconds(90),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return weir_.charged_minor() >= 100 * events_;
                           }))
        << run.out << run.err;
    EXPECT_EQ(weir_.charged_minor(), 100 * events_);
  }
  /// An event without its tenant, to be mended, and something that never was one.
  void send_poison() {
    weir_.kcat(
        fmt::format("s0|{{\"source\":\"t\",\"id\":\"mended\",\"time\":{},"
                    "\"subscription\":\"s0\"}}\n",
                    now_us()));
    weir_.kcat("s1|not an event\n");
    applied();
    const auto row_of = [&](const std::string& where) {
      return weir_.sql(
          "select q.id::text from quota.quarantine q join quota.quarantine_record r "
          "using (incarnation, partition, record_offset) where r.raw " +
          where + " 'not an event'::bytea");
    };
    weir_.run_well("weir-quota", {"quarantine", "discard", row_of("="), "--reason", "no event"});
    weir_.run_well("weir-quota", {"quarantine", "redrive", row_of("<>"), "--reason",
                                  "the tenant was forgotten", "--set", "tenant=acme"});
    ++events_;
    applied();
  }
  std::string ledger() {
    return weir_.sql(
               "select string_agg(concat_ws(' ', subscription, meter, bucket_us, units), E'\\n' "
               "order by subscription, meter, bucket_us) from quota.usage") +
           "\n-- late\n" +
           weir_.sql(
               "select string_agg(concat_ws(' ', subscription, meter, bucket_us, close, units), "
               "E'\\n' order by subscription, meter, bucket_us, close) from (select subscription, "
               "meter, bucket_us, coalesce(close_id, 0) as close, sum(units) as units "
               "from quota.adjustment group by 1, 2, 3, 4) late") +
           "\n-- aside\n" +
           weir_.sql(
               "select string_agg(concat_ws(' ', partition, record_offset, row, reason, "
               "resolution), E'\\n' order by partition, record_offset, row) from quota.quarantine");
  }
  /// As when its disk is gone: the schema, the index files, all.
  void lose_the_ledger() {
    weir_.sql("drop schema quota cascade");
    std::filesystem::remove_all(weir_.folder() + "/quota");
    std::filesystem::create_directories(weir_.folder() + "/quota");
  }

  Deployment weir_;
  const std::int64_t from_us_ = now_second_us();
  std::int64_t events_ = 0;
  std::unique_ptr<ChildProcess> quota_;
};

TEST_F(Rebuild, R17_a_lost_ledger_comes_back_the_same_and_billing_goes_on) {
  send(from_us_, 30);
  charged();
  send(from_us_ + 1, 6);  // late: of a period that is invoiced
  send(now_us(), 9);
  send_poison();
  charged();
  ASSERT_EQ(quota_->stop(seconds(30)), 0) << quota_->err();
  EXPECT_GT(weir_.sql_number("select count(*) from quota.adjustment"), 0);

  const std::string closes = weir_.folder() + "/closes.jsonl";
  const std::string decisions = weir_.folder() + "/decisions.jsonl";
  weir_.run_well("weir-billing", {"certificates", "--export", closes});
  weir_.run_well("weir-quota", {"decisions", "export", decisions});
  const std::string before = ledger();

  lose_the_ledger();
  weir_.run_well("weir-quota", {"migrate"});
  weir_.run_well("weir-quota", {"catalog", "apply", weir_.folder() + "/catalog.toml"});
  EXPECT_THAT(
      weir_.run_well("weir-quota", {"rebuild", "--closes", closes, "--decisions", decisions}),
      HasSubstr("same as the certificates say"));
  EXPECT_EQ(ledger(), before);
  const Finished verified = weir_.run("weir-billing", {"verify", "--from-stream"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_TRUE(verified.out.ends_with("same\n")) << verified.out;

  // The index came back too: a copy of an old event is still one, and new ones are billed.
  const std::int64_t old = events_;
  events_ = 0;
  send(from_us_, 1);
  events_ = old;
  consume();
  send(now_us(), 5);
  charged();
  weir_.expect_counts_add_up();
}

TEST_F(Rebuild, R17_without_the_decisions_the_ledger_differs_and_nothing_is_closed) {
  send(from_us_, 3);
  send_poison();
  charged();
  ASSERT_EQ(quota_->stop(seconds(30)), 0) << quota_->err();
  const std::string closes = weir_.folder() + "/closes.jsonl";
  weir_.run_well("weir-billing", {"certificates", "--export", closes});
  lose_the_ledger();
  weir_.run_well("weir-quota", {"migrate"});
  weir_.run_well("weir-quota", {"catalog", "apply", weir_.folder() + "/catalog.toml"});

  const Finished rebuilt = weir_.run("weir-quota", {"rebuild", "--closes", closes});
  EXPECT_NE(rebuilt.exit_code, 0) << rebuilt.out;
  consume();
  const std::int64_t charges = weir_.charged_minor();
  send(now_us(), 3);
  applied();
  EXPECT_EQ(weir_.run("weir-billing", {"run"}).exit_code, 75);
  EXPECT_EQ(weir_.charged_minor(), charges);
}

}  // namespace
}  // namespace weir::test
