// COMMITs whose reply never arrives, on the real server: cut before it has them, and after it has
// answered. What came of each is found out by reading, so nothing is lost and nothing counts twice.
#include "tests/faults/commit_proxy.h"
#include "tests/faults/feeder.h"
#include "tests/integration/catalogs.h"

#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using Cut = CommitProxy::Cut;

std::uint16_t postgres_port() {
  return static_cast<std::uint16_t>(
      std::stoi(conninfo_value(environment("WEIR_TEST_POSTGRES"), "port")));
}

TEST(LostCommits, two_hundred_ingest_commits_cut_on_the_wire_count_every_event_once) {
  constexpr int kCuts = 200;
  std::atomic<bool> cutting = false;
  int commits = 0;
  // Every other one, in turn before and after. The ones between keep the consumer's backoff short.
  CommitProxy proxy(postgres_port(), [&] {
    if (!cutting) return Cut::no;
    const int turn = commits++ % 4;
    return turn == 0 ? Cut::before : turn == 2 ? Cut::after : Cut::no;
  });
  DeploymentOptions options;
  options.rewire_quota = [&](const std::string& conninfo) { return through(proxy, conninfo); };
  options.more_quota = "commit_interval = \"10ms\"";
  Deployment weir(options);
  weir.apply_catalog(one_price({"s0", "s1", "s2"}, "day", "0.01", now_second_us()));
  // Two, since each waits for its reads after a cut.
  const std::string volume = weir.folder() + "/quota-2";
  std::filesystem::create_directories(volume);
  auto quota = weir.start("weir-quota", {"consume"}, "quota");
  auto second =
      weir.start("weir-quota",
                 {"consume", "--quota.volume=" + volume, "--kafka.instance_id=second"}, "second");
  Feeder feeder(weir, {{"s0", "s1", "s2"}, 4, 10, std::chrono::milliseconds(50)});
  ASSERT_TRUE(eventually(seconds(60), [&] { return weir.applied_to() > 0; })) << quota->err();

  cutting = true;
  EXPECT_TRUE(
      eventually(seconds(600), [&] { return proxy.cuts_before() + proxy.cuts_after() >= kCuts; }))
      << "cut only " << proxy.cuts_before() + proxy.cuts_after();
  cutting = false;
  feeder.finish();
  ASSERT_TRUE(eventually(seconds(90), [&] { return weir.applied_to() == weir.log_end(); }))
      << quota->err() << second->err();
  fmt::print("cut before: {}, after: {}, events: {}\n", proxy.cuts_before(), proxy.cuts_after(),
             feeder.events());
  EXPECT_GE(proxy.cuts_before(), kCuts / 3);
  EXPECT_GE(proxy.cuts_after(), kCuts / 3);
  EXPECT_EQ(weir.sql_number("select sum(units) from quota.usage"), feeder.events());
  weir.expect_counts_add_up();
}

// Each run cuts one commit further on, before and after, until a run makes fewer commits than that.
TEST(LostCommits, a_billing_run_cut_at_any_of_its_commits_still_charges_each_invoice_once) {
  std::atomic<int> cut_at = -1, seen = 0;
  std::atomic<Cut> how = Cut::no;
  CommitProxy proxy(postgres_port(), [&] { return seen++ == cut_at ? how.load() : Cut::no; });
  DeploymentOptions options;
  options.rewire_billing = [&](const std::string& conninfo) { return through(proxy, conninfo); };
  Deployment weir(options);
  weir.apply_catalog(one_price({"s0", "s1"}, "1s", "0.01", now_second_us()));
  auto quota = weir.start("weir-quota", {"consume"}, "quota");
  Feeder feeder(weir, {{"s0", "s1"}, 4, 10, std::chrono::milliseconds(100)});

  bool beyond = false;
  for (int commit = 0; !beyond && commit < 100; ++commit) {
    for (const Cut cut : {Cut::before, Cut::after}) {
      // A period must have ended for the run to have something to close.
      const std::int64_t closed =
          weir.sql_number("select coalesce(max(t_us), 0) from billing.close");
      ASSERT_TRUE(eventually(seconds(60), [&] {
        seen = 0, how = cut, cut_at = commit;
        weir.run("weir-billing", {"run"});
        beyond = seen <= commit;
        cut_at = -1;
        weir.run("weir-billing", {"run"});
        return weir.sql_number("select coalesce(max(t_us), 0) from billing.close") > closed;
      }));
    }
  }
  feeder.finish();
  const std::int64_t end_us = system_clock().now().value;
  ASSERT_TRUE(eventually(seconds(90), [&] {
    weir.run("weir-billing", {"run"});
    return weir.sql_number("select coalesce(max(t_us), 0) from billing.close") > end_us;
  }));
  fmt::print("cut before: {}, after: {}, events: {}\n", proxy.cuts_before(), proxy.cuts_after(),
             feeder.events());
  EXPECT_GE(proxy.cuts_before(), 5);
  EXPECT_GE(proxy.cuts_after(), 5);
  EXPECT_EQ(weir.charged_minor(), feeder.events());  // one minor unit each
  EXPECT_EQ(weir.sql_number("select sum(units) from quota.usage"), feeder.events());
  EXPECT_EQ(weir.sql_number("select count(*) from (select invoice_id from billing.charge "
                            "group by invoice_id having count(*) <> 1) twice"),
            0);
  EXPECT_EQ(weir.sql_number("select coalesce(sum(case kind when 'invoice' then amount_minor "
                            "else -amount_minor end), 0) from billing.ledger_entry"),
            0);
}

}  // namespace
}  // namespace weir::test
