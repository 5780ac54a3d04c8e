// What a real broker's topic can suffer: each is noticed, holds the close with its own reason, and is
// resolved by the operator's command that the reason names. Nobody is charged meanwhile.
#include "ingest/kafka/kafka_sink.h"
#include "tests/faults/topic_surgery.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

std::int64_t now_us() { return system_clock().now().value; }

std::string event(const std::string& id, const std::string& subscription,
                  const std::string& more = "") {
  return fmt::format(
      R"({{"tenant":"acme","source":"test","id":"{}","time":"{}","subscription":"{}"{}}})", id,
      format_rfc3339(now_us()), subscription, more);
}

class KafkaFaults : public ::testing::Test {
 protected:
  KafkaFaults() {
    weir_.apply_catalog(one_price(subscriptions_, "2s", "1.00", now_second_us()));
    consume();
  }
  void consume() { quota_ = weir_.start("weir-quota", {"consume"}, "quota"); }
  void stop_consuming() { ASSERT_EQ(quota_->stop(seconds(20)), 0) << quota_->err(); }

  /// Plain kcat, as somebody else's producer would; `count` events for each subscription.
  void feed(const std::string& name, int count) {
    std::string lines;
    for (const std::string& subscription : subscriptions_) {
      for (int i = 0; i < count; ++i) {
        lines += subscription + "|" +
                 event(fmt::format("{}-{}-{}", name, subscription, i), subscription) + "\n";
      }
    }
    weir_.kcat(lines);
  }
  void append(const OutRecord& record) {
    auto sink = KafkaSink::open(weir_.kafka());
    ASSERT_TRUE(sink);
    const auto appended = (*sink)->append(std::span(&record, 1), Deadline::in(seconds(30)));
    ASSERT_TRUE(appended) << appended.error().text();
  }
  void all_is_applied() {
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }))
        << quota_->err();
    weir_.expect_counts_add_up();
  }

  /// A run at a moment when a period with usage is due ends in 75, names `code`, and charges nothing.
  void expect_held(const std::string& code) {
    const std::int64_t before = weir_.charged_minor();
    Finished run{};
    EXPECT_TRUE(eventually(seconds(60),
                           [&] {
                             run = weir_.run("weir-billing", {"run", "--json"});
                             return run.exit_code == 75 &&
                                    run.out.find("\"" + code + "\"") != std::string::npos;
                           }))
        << run.exit_code << run.out << run.err;
    EXPECT_EQ(weir_.charged_minor(), before);
  }
  void expect_charged(std::int64_t events) {
    Finished run{};
    EXPECT_TRUE(eventually(seconds(90),
                           [&] {
                             run = weir_.run("weir-billing", {"run"});
                             return weir_.charged_minor() >= events * 100;
                           }))
        << run.out << run.err;
    EXPECT_EQ(weir_.charged_minor(), events * 100);
    const Finished verified = weir_.run("weir-billing", {"verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  void decide(const Deployment::Words& words) {
    Deployment::Words all = words;
    all.insert(all.end(), {"--by", "ada", "--reason", "the test says so"});
    (void)weir_.run_well("weir-quota", all);
  }
  /// What comes soon after records that nobody read could be a copy of one of them (R6): whether it
  /// counts is for an operator to say.
  void accept_unprovable() {
    ASSERT_GT(weir_.sql_number("select count(*) from quota.unprovable"), 0);
    decide({"unprovable", "accept", "--until", format_rfc3339(now_us()), "--yes"});
  }
  TopicSurgery topic() const { return {environment("WEIR_TEST_KAFKA"), weir_.topic()}; }

  const std::vector<std::string> subscriptions_ = {"s0", "s1", "s2"};
  Deployment weir_;
  std::unique_ptr<ChildProcess> quota_;
};

TEST_F(KafkaFaults,
       records_deleted_before_they_were_read_are_a_gap_that_holds_until_it_is_accepted) {
  feed("read", 3);
  all_is_applied();
  stop_consuming();
  feed("lost", 2);
  const PartitionId home = partition_of("s0", 4);
  const std::int64_t next = weir_.sql_number(
      fmt::format("select next from quota.progress where partition = {}", home.value));
  topic().delete_records(home.value, next + 1);
  consume();
  all_is_applied();
  EXPECT_EQ(weir_.sql_number("select sum(to_offset - from_offset) from quota.gap"), 1);
  expect_held("gap");
  decide({"gaps", "accept", weir_.sql("select id::text from quota.gap")});
  accept_unprovable();
  expect_charged(3 * 3 + 3 * 2 - 1);
}

TEST_F(KafkaFaults, a_topic_deleted_and_made_anew_is_noticed_and_held_until_it_is_adopted) {
  feed("before", 3);
  all_is_applied();
  stop_consuming();
  weir_.delete_topic();
  ASSERT_TRUE(eventually(seconds(60), [&] {
    return weir_.run("weir-ingest", {"topic", "create", "--partitions", "4"}).exit_code == 0;
  }));
  // As many records as before, so that offsets tell nothing.
  feed("after", 3);
  consume();
  expect_held("lineage");
  stop_consuming();
  decide({"lineage", "adopt", "--yes"});
  consume();
  all_is_applied();
  while (weir_.sql_number("select count(*) from quota.gap where accepted_at_us is null") > 0) {
    decide({"gaps", "accept",
            weir_.sql("select id::text from quota.gap where accepted_at_us is null limit 1")});
  }
  accept_unprovable();
  expect_charged(2 * 3 * 3);
  EXPECT_EQ(weir_.sql_number("select incarnation from quota.deployment"), 2);
}

TEST_F(KafkaFaults, an_added_partition_is_refused_and_held) {
  feed("before", 2);
  all_is_applied();
  stop_consuming();
  topic().add_partitions(5);
  consume();
  expect_held("partitions_changed");
  EXPECT_EQ(weir_.charged_minor(), 0);
}

TEST_F(KafkaFaults, every_kind_of_poison_is_kept_with_its_reason_and_holds_until_it_is_discarded) {
  const PartitionId home = partition_of("s0", 4);
  const std::string own = event("origin", "s0");
  const std::string two = "[" + event("r1", "s0") + "," + event("r2", "s0") + "]";
  feed("good", 2);
  append({home, kJson, "not json"});
  append({home, kJson, "{\"half\":"});
  append({home, kJson, std::string_view("\x00\xff\xfe", 3)});
  append({home, kJson, std::string(200'000, '[')});
  append({home, kPacked, "packed?"});
  append({home, "application/x-unheard-of", "{}"});
  append({home, kSeal, "no seal"});
  append({home, kCloudEvent, "{}"});
  append({home, kJson, event("units", "s0", R"(,"units":-1)")});
  append({home, kJson, event(std::string(65, 'x'), "s0")});
  append({PartitionId{(home.value + 1) % 4}, kJson, event("elsewhere", "s0")});
  append({home, kJson, own, Origin{"bad id!", 1, 1}});
  append({home, kJson, two, Origin{{}, 0, 0, 17}});  // a redrive is one event
  all_is_applied();
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.quarantine"), 13)
      << weir_.run("weir-quota", {"quarantine", "list"}).out;
  expect_held("quarantine");
  while (weir_.sql_number("select count(*) from quota.quarantine where resolved_at_us is null") >
         0) {
    decide({"quarantine", "discard",
            weir_.sql("select id::text from quota.quarantine where resolved_at_us is null "
                      "limit 1")});
  }
  expect_charged(3 * 2);
}

TEST_F(KafkaFaults, a_foreign_producer_falls_back_to_ready_and_the_certificate_says_so) {
  feed("foreign", 2);
  all_is_applied();
  expect_charged(3 * 2);
  EXPECT_THAT(weir_.sql("select certificate from billing.close order by id desc limit 1"),
              HasSubstr("do not number"));
}

}  // namespace
}  // namespace weir::test
