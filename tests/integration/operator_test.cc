// An operator resolves what blocks a close, with the real binaries: mended events go through the real
// stream, and a topic that was made anew is adopted.
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

std::string event(const std::string& id, const std::string& tenant) {
  const std::string said = tenant.empty() ? "" : fmt::format(R"("tenant":"{}",)", tenant);
  return fmt::format(R"({{{}"source":"test","id":"{}","time":{},"subscription":"s1"}})", said, id,
                     now_us());
}

class OperatorJob : public ::testing::Test {
 protected:
  OperatorJob() {
    weir_.apply_catalog(one_price({"s1"}, "day", "1.00", now_us()));
    quota_ = consumer("quota");
  }
  std::unique_ptr<ChildProcess> consumer(const std::string& name) {
    return weir_.start("weir-quota", {"run"}, name);
  }
  void send(const std::string& json) { weir_.kcat("s1|" + json + "\n"); }
  void applied() {
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }))
        << quota_->err();
  }
  /// Waits until the query gives `wanted`.
  void becomes(const std::string& query, std::int64_t wanted) {
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.sql_number(query) == wanted; }))
        << query << " is " << weir_.sql_number(query) << "\n"
        << quota_->err();
  }

  Deployment weir_;
  std::unique_ptr<ChildProcess> quota_;
};

TEST_F(OperatorJob, R7_a_mended_event_counts_once_and_resolves_its_row) {
  send(event("e1", ""));
  becomes("select count(*) from quota.quarantine where resolved_at_us is null", 1);
  EXPECT_THAT(weir_.run_well("weir-quota", {"quarantine", "show", "1"}),
              HasSubstr("\"id\":\"e1\""));
  EXPECT_EQ(
      weir_.run("weir-quota", {"quarantine", "redrive", "1", "--reason", "as it is"}).exit_code,
      65);
  weir_.run_well("weir-quota", {"quarantine", "redrive", "1", "--reason",
                                "the tenant was forgotten", "--by", "ada", "--set", "tenant=acme"});
  becomes("select count(*) from quota.quarantine where resolution = 'redriven'", 1);
  becomes("select coalesce(sum(units), 0) from quota.usage", 1);
  EXPECT_EQ(weir_.sql("select state from quota.redrive"), "redriven");
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.v2_blockers"), 0);

  const Finished again =
      weir_.run("weir-quota", {"quarantine", "redrive", "1", "--reason", "once more"});
  EXPECT_EQ(again.exit_code, 65);
  EXPECT_THAT(again.err, HasSubstr("redriven already"));
  EXPECT_THAT(weir_.run_well("weir-quota", {"audit", "list"}), HasSubstr("ada"));
  weir_.expect_counts_add_up();
}

TEST_F(OperatorJob, R7_a_mended_event_that_was_counted_before_is_its_duplicate) {
  send(event("e1", "acme"));
  send(event("e1", ""));
  becomes("select count(*) from quota.quarantine where resolved_at_us is null", 1);
  weir_.run_well("weir-quota", {"quarantine", "redrive", "1", "--reason",
                                "the tenant was forgotten", "--set", "tenant=acme"});
  becomes("select count(*) from quota.quarantine where resolution = 'redriven'", 1);
  EXPECT_EQ(weir_.sql("select state from quota.redrive"), "duplicate");
  EXPECT_EQ(weir_.sql_number("select sum(units) from quota.usage"), 1);
}

TEST_F(OperatorJob, R1_a_topic_that_was_made_anew_is_adopted_and_nothing_counts_twice) {
  for (int i = 0; i < 5; ++i) send(event("e" + std::to_string(i), "acme"));
  applied();
  quota_->stop(seconds(30));
  weir_.delete_topic();
  ASSERT_TRUE(eventually(seconds(30), [&] {
    return weir_.run("weir-ingest", {"topic", "create", "--partitions", "4"}).exit_code == 0;
  }));
  // A retry of one that was counted, and one that is new.
  send(event("e1", "acme"));
  send(event("e9", "acme"));
  quota_ = consumer("again");
  becomes("select count(*) from quota.integrity_flag where kind = 'lineage'", 1);
  quota_->stop(seconds(30));

  EXPECT_THAT(weir_.run_well("weir-quota", {"lineage", "show"}), HasSubstr("made anew"));
  EXPECT_THAT(weir_.run_well("weir-quota", {"lineage", "adopt", "--reason", "deleted by mistake"}),
              HasSubstr("nothing was done"));
  weir_.run_well("weir-quota", {"lineage", "adopt", "--reason", "deleted by mistake", "--yes"});
  quota_ = consumer("adopted");
  // What the first consumer held in memory died with it: neither can be told from a copy.
  becomes("select count(*) from quota.unprovable", 2);
  EXPECT_EQ(weir_.sql_number("select sum(units) from quota.usage"), 5);
  weir_.run_well("weir-quota", {"unprovable", "discard", "1", "--reason", "e1 was counted"});
  weir_.run_well("weir-quota", {"unprovable", "accept", "2", "--reason", "e9 is new: gw's log"});
  EXPECT_EQ(weir_.sql_number("select sum(units) from quota.adjustment"), 1);
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.v2_blockers where kind = 'gap'"), 4);
  weir_.run_well("weir-quota",
                 {"gaps", "accept", "1", "2", "3", "4", "--reason", "nothing was left"});
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.v2_blockers"), 0);
}

}  // namespace
}  // namespace weir::test
