// A volume that is not what it was is refused before anything is written on it: not mounted, swapped, another
// deployment's, held by somebody. Real processes; mounting needs root, as CI has.
#include "base/volume/durable_file.h"
#include "tests/faults/feeder.h"
#include "tests/faults/servers.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

namespace weir::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kConfig = 78;
const std::vector<std::string> kSubscriptions = {"s0", "s1"};

class Volume : public ::testing::Test {
 protected:
  Volume() { weir_.apply_catalog(one_price(kSubscriptions, "day", "0.01", now_second_us())); }

  std::string quota() const { return weir_.folder() + "/quota"; }
  std::string analytics() const { return weir_.folder() + "/analytics"; }
  void send(int first, int count) {
    std::string lines;
    for (int i = first; i < first + count; ++i) {
      const std::string subscription = kSubscriptions[static_cast<std::size_t>(i) % 2];
      lines += fmt::format(
          R"({0}|{{"tenant":"acme","source":"t","id":"{1}","time":{2},"subscription":"{0}"}})"
          "\n",
          subscription, i, time_us_);
    }
    weir_.kcat(lines);
  }
  std::unique_ptr<ChildProcess> consume() {
    return weir_.start("weir-quota", {"consume"}, "quota-log");
  }
  void applied(const ChildProcess& consumer) {
    EXPECT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() >= weir_.log_end(); }))
        << consumer.err();
  }
  /// Counts all that was sent, and ends.
  void count_all() {
    const auto consumer = consume();
    applied(*consumer);
    EXPECT_EQ(consumer->stop(seconds(30)), 0) << consumer->err();
  }
  std::string refusal(const std::string& binary, const std::vector<std::string>& words) {
    const Finished done = weir_.run(binary, words);
    EXPECT_EQ(done.exit_code, kConfig) << done.err;
    return done.err;
  }
  /// Every path under a folder, sorted.
  static std::vector<std::string> tree(const std::string& folder) {
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
  }

  Deployment weir_;
  const std::int64_t time_us_ = now_second_us();
};

TEST_F(Volume, of_quota_that_is_not_mounted_is_refused_until_an_operator_accepts_the_loss) {
  std::optional<SmallVolume> disk(std::in_place, quota(), 128);
  send(0, 20);
  count_all();
  EXPECT_TRUE(fs::exists(quota() + "/weir-volume"));
  EXPECT_TRUE(fs::exists(quota() + "/ballast"));
  disk.reset();

  EXPECT_THAT(refusal("weir-quota", {"consume"}),
              AllOf(HasSubstr("has no marker, but the quota database knows volume"),
                    HasSubstr("is it mounted?"), HasSubstr("weir-quota volume accept")));
  EXPECT_FALSE(fs::exists(quota() + "/identity")) << "nothing is filled silently";
  EXPECT_FALSE(fs::exists(quota() + "/ballast"));

  EXPECT_THAT(weir_.run_well("weir-quota", {"volume", "accept"}), HasSubstr("from now on"));
  send(0, 30);  // twenty of them copies: the index comes back from the stream
  count_all();
  EXPECT_EQ(weir_.counted_units(), 30);
  weir_.expect_counts_add_up();
  EXPECT_EQ(weir_.sql_number("select count(*) from quota.volume where given_up_at_us > 0"), 1);
}

TEST_F(Volume, is_refused_by_the_other_side_when_mounts_are_swapped_and_nothing_is_written_there) {
  send(0, 4);
  count_all();
  {
    const auto consumer = weir_.start("weir-analytics", {"consume"}, "analytics-log");
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.analytics_rows() == 4; }))
        << consumer->err();
    EXPECT_EQ(consumer->stop(seconds(30)), 0);
  }
  const auto quotas = tree(quota()), analyticss = tree(analytics());
  EXPECT_THAT(refusal("weir-quota", {"consume", "--quota.volume=" + analytics()}),
              AllOf(HasSubstr("is the volume of analytics, not of quota"), HasSubstr("swapped")));
  EXPECT_THAT(refusal("weir-quota", {"volume", "accept", "--quota.volume=" + analytics()}),
              HasSubstr("is the volume of analytics, not of quota"));
  for (const std::string command : {"consume", "serve", "compact"}) {
    EXPECT_THAT(refusal("weir-analytics", {command, "--analytics.volume=" + quota()}),
                HasSubstr("is the volume of quota, not of analytics"));
  }
  EXPECT_THAT(
      refusal("weir-ingest", {"generate", "--events", "1", "--ingest.state_folder=" + quota()}),
      HasSubstr("is the volume of quota, not of ingest"));
  EXPECT_EQ(tree(quota()), quotas);
  EXPECT_EQ(tree(analytics()), analyticss);
}

TEST_F(Volume, of_another_deployment_keeps_its_index) {
  send(0, 4);
  count_all();
  const auto before = tree(quota());
  Deployment other;
  other.apply_catalog(one_price(kSubscriptions, "day", "0.01", time_us_));
  const Finished refused = other.run("weir-quota", {"consume", "--quota.volume=" + quota()});
  EXPECT_EQ(refused.exit_code, kConfig);
  EXPECT_THAT(refused.err, HasSubstr("holds data of"));
  EXPECT_EQ(tree(quota()), before);
}

TEST_F(Volume, of_a_lost_ledger_goes_over_to_the_one_that_is_rebuilt_and_to_no_other) {
  const std::string closes = weir_.folder() + "/closes.jsonl";
  const std::vector<std::string> rebuild = {"rebuild", "--closes", closes};
  weir_.run_well("weir-billing", {"certificates", "--export", closes});
  send(0, 4);
  count_all();
  const auto marker = [&] { return read_whole(quota() + "/weir-volume"); };
  const std::string before = marker();
  {
    // One that has a volume of its own is not what replaces the lost one.
    Deployment other;
    other.apply_catalog(one_price(kSubscriptions, "day", "0.01", time_us_));
    const auto consumer = other.start("weir-quota", {"consume"}, "quota-log");
    ASSERT_TRUE(eventually(seconds(60), [&] {
      return fs::exists(other.folder() + "/quota/identity");
    })) << consumer->err();
    auto words = rebuild;
    words.push_back("--quota.volume=" + quota());
    EXPECT_EQ(other.run("weir-quota", words).exit_code, kConfig);
    EXPECT_EQ(marker(), before);
  }
  weir_.sql("drop schema quota cascade");
  weir_.run_well("weir-quota", {"migrate"});
  weir_.run_well("weir-quota", {"catalog", "apply", weir_.folder() + "/catalog.toml"});
  EXPECT_THAT(refusal("weir-quota", {"consume"}), HasSubstr("holds data of"));
  weir_.run_well("weir-quota", rebuild);
  EXPECT_NE(marker(), before);
  send(0, 6);  // four of them copies
  count_all();
  EXPECT_EQ(weir_.counted_units(), 6);
}

TEST_F(Volume, that_is_held_says_by_which_process) {
  const auto first = consume();
  ASSERT_TRUE(eventually(seconds(60), [&] { return fs::exists(quota() + "/identity"); }));
  const Finished second = weir_.run("weir-quota", {"consume"});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_THAT(second.err, HasSubstr(fmt::format("in use by process {}", first->pid())));
}

TEST_F(Volume, of_analytics_is_missed_by_its_id_and_refused_for_another_topic) {
  EXPECT_THAT(refusal("weir-analytics", {"consume", "--analytics.volume_id=4711"}),
              AllOf(HasSubstr("has no marker, but analytics.volume_id knows volume 4711"),
                    HasSubstr("weir-analytics volume accept")));
  EXPECT_TRUE(tree(analytics()).empty());
  weir_.run_well("weir-analytics", {"compact", "--once"});
  const std::string other = "--stream.topic=another";
  EXPECT_THAT(refusal("weir-analytics", {"compact", "--once", other}),
              AllOf(HasSubstr("holds data of topic:weir."), HasSubstr("topic:another")));
  EXPECT_THAT(refusal("weir-analytics", {"volume", "accept", other}),
              HasSubstr("rows of two topics never mix"));
  EXPECT_THAT(refusal("weir-analytics", {"compact", "--once", "--analytics.expire_percent=95"}),
              HasSubstr("marks of the analytics volume are out of order"));
}

}  // namespace
}  // namespace weir::test
