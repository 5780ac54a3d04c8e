// The analytics volume fills up while nobody makes room: consumption pauses and says who should. Then compact
// runs: the oldest segments go, and consumption goes on by itself. On a small real file system.
#include "base/volume/durable_file.h"
#include "tests/faults/servers.h"
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

int used_percent(const std::string& folder) {
  const Result<VolumeSpace> space = volume_space(folder);
  if (!space) return -1;
  return static_cast<int>((space->bytes_total - space->bytes_free) * 100 / space->bytes_total);
}

class Expiry : public ::testing::Test {
 protected:
  void send(const std::string& seed, const std::string& events) {
    weir_.run_well("weir-ingest",
                   {"generate", "--events", events, "--seed", seed, "--tenants", "2", "--customers",
                    "20", "--poison-percent", "0", "--from", format_rfc3339(from_us_), "--to",
                    format_rfc3339(from_us_ + 60 * kMicrosPerSecond)});
  }
  bool all_is_applied() {
    return eventually(seconds(90), [&] { return weir_.analytics_applied_to() >= weir_.log_end(); });
  }
  std::int64_t segments() const {
    const auto names = list_folder(weir_.folder() + "/analytics/segments");
    return names ? static_cast<std::int64_t>(names->size()) : -1;
  }

  Deployment weir_;
  const std::int64_t from_us_ = now_second_us() - 120 * kMicrosPerSecond;
};

TEST_F(Expiry, makes_room_on_a_real_volume_and_consumption_that_paused_goes_on) {
  SmallVolume disk(weir_.folder() + "/analytics", 24);
  {
    // Small commits: whole files are what can go.
    const auto consumer =
        weir_.start("weir-analytics", {"consume", "--analytics.commit_rows_max=4000"}, "first");
    send("1", "80000");
    ASSERT_TRUE(all_is_applied()) << consumer->err();
    ASSERT_EQ(consumer->stop(seconds(30)), 0) << consumer->err();
  }
  const int used = used_percent(disk.folder());
  ASSERT_GT(used, 10);
  const std::int64_t files = segments();
  const std::vector<std::string> marks = {"--analytics.warn_percent=1",
                                          fmt::format("--analytics.expire_percent={}", used),
                                          fmt::format("--analytics.expire_to_percent={}", used - 5),
                                          fmt::format("--analytics.pause_percent={}", used)};
  const auto with_marks = [&](std::vector<std::string> words) {
    words.insert(words.end(), marks.begin(), marks.end());
    return words;
  };

  const auto consumer = weir_.start("weir-analytics", with_marks({"consume"}), "second");
  send("2", "1000");
  ASSERT_TRUE(eventually(seconds(60), [&] {
    return consumer->err().find("consumption pauses at") != std::string::npos;
  })) << consumer->err();
  EXPECT_THAT(consumer->err(), HasSubstr("is weir-analytics compact running?"));
  EXPECT_LT(weir_.analytics_applied_to(), weir_.log_end());
  EXPECT_EQ(segments(), files) << "who consumes deletes nothing";
  EXPECT_THAT(weir_.get(weir_.url_of(*consumer) + "/metrics", "acme").second,
              HasSubstr("weir_analytics_paused 1"));

  const auto compact =
      weir_.start("weir-analytics",
                  with_marks({"compact", "--analytics.compact_listen=127.0.0.1:0",
                              "--analytics.compact_interval=1s", "--analytics.query_timeout=1s",
                              "--analytics.removal_grace=2s", "--analytics.merge_files=64"}),
                  "compact");
  EXPECT_TRUE(all_is_applied()) << consumer->err() << compact->err();
  EXPECT_THAT(compact->err(), AllOf(HasSubstr("the oldest segments were expired"),
                                    HasSubstr("\"reason\":\"volume\"")));
  EXPECT_THAT(weir_.get(weir_.url_of(*compact) + "/metrics", "acme").second,
              HasSubstr("weir_analytics_expired_bytes_total{reason=\"volume\"}"));
  EXPECT_LT(used_percent(disk.folder()), used);
  EXPECT_TRUE(eventually(seconds(30), [&] {
    return weir_.get(weir_.url_of(*consumer) + "/metrics", "acme")
               .second.find("weir_analytics_paused 0") != std::string::npos;
  }));
}

}  // namespace
}  // namespace weir::test
