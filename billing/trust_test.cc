#include "billing/trust.h"

#include "base/time.h"

#include <functional>
#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kDay = 24 * 60 * kMinute;
constexpr std::int64_t kT = 1'000 * 15 * kMinute;

Standing sound() {
  Standing standing;
  standing.now_us = kT + 10 * kMinute;
  standing.deployment.grace_us = 10 * kMinute;
  standing.deployment.partitioner = "murmur2";
  standing.profile = Profile::production;
  standing.hold_max_us = 7 * kDay;
  StreamLook look{"c", true, 2, {{0, 11}}};
  look.replication = 3;
  look.retention_us = 8 * kDay;
  standing.stream = look;
  standing.producers.producers = {{"gw-1", "spool", 1, kT + 10 * kMinute, {}, ""}};
  standing.producers.seals = {{"gw-1", kT, kT + 10 * kMinute, kT + 10 * kMinute, {{1, {5}}}}};
  standing.producers.numbers = {{"gw-1", 1, 0, 5}};
  return standing;
}

std::vector<std::string> codes(const std::vector<Reason>& reasons) {
  std::vector<std::string> found;
  for (const Reason& reason : reasons) found.push_back(reason.code);
  return found;
}
using Codes = std::vector<std::string>;
Override override_of(const std::string& code, const std::string& producer = "") {
  return {1, code, producer, kT, "ann", "a reason", 1};
}

TEST(Trust, a_sound_configuration_and_kept_words_hold_nothing_and_assume_nothing) {
  const Standing standing = sound();
  EXPECT_TRUE(judge_trust(standing, kT).reasons.empty());
  EXPECT_TRUE(assumptions(standing).empty());
}

TEST(Trust,
     each_broken_assumption_holds_in_production_is_said_in_development_and_can_be_overridden) {
  const std::vector<std::pair<std::string, std::function<void(StreamLook&)>>> breaks = {
      {"replication", [](StreamLook& s) { s.replication = 1; }},
      {"min_insync_replicas", [](StreamLook& s) { s.min_insync_replicas = 1; }},
      {"retention", [](StreamLook& s) { s.retention_us = 7 * kDay - 1; }},
      {"retention", [](StreamLook& s) { s.retention_bytes = 1 << 30; }},
      {"timestamp_type", [](StreamLook& s) { s.log_append_time = false; }},
      {"unclean_election", [](StreamLook& s) { s.unclean_election = true; }}};
  for (const auto& [code, broken] : breaks) {
    Standing standing = sound();
    broken(*standing.stream);
    EXPECT_EQ(codes(judge_trust(standing, kT).reasons), Codes{code});
    standing.profile = Profile::development;
    EXPECT_EQ(codes(judge_trust(standing, kT).reasons), Codes{});
    ASSERT_EQ(assumptions(standing).size(), 1u) << code;
    EXPECT_EQ(assumptions(standing)[0].code, code);
    standing.profile = Profile::production;
    standing.overrides = {override_of(code)};
    const Trust trust = judge_trust(standing, kT);
    EXPECT_EQ(codes(trust.reasons), Codes{});
    EXPECT_EQ(trust.used, standing.overrides);
    EXPECT_EQ(judge_trust(standing, kT + 1).reasons.back().code, code) << "beyond its end";
  }
}

TEST(Trust, retention_for_ever_and_without_a_bound_is_enough) {
  Standing standing = sound();
  standing.stream->retention_us = -1;
  EXPECT_TRUE(judge_trust(standing, kT).reasons.empty());
}

TEST(Trust, a_file_log_stands_on_one_disk_which_is_said_and_holds_nothing) {
  Standing standing = sound();
  standing.profile = Profile::production;
  standing.stream->one_disk = true;
  standing.stream->replication = standing.stream->min_insync_replicas = 1;
  EXPECT_TRUE(judge_trust(standing, kT).reasons.empty());
  ASSERT_EQ(assumptions(standing).size(), 1u);
  EXPECT_EQ(assumptions(standing)[0].code, "one_disk");
}

TEST(Trust, a_compacted_topic_holds_in_development_too) {
  Standing standing = sound();
  standing.profile = Profile::development;
  standing.stream->cleanup_policy = "compact";
  EXPECT_EQ(codes(judge_trust(standing, kT).reasons), Codes{"cleanup_policy"});
}

TEST(Trust, a_missing_word_is_overridden_for_the_named_producer_alone) {
  Standing standing = sound();
  standing.producers.seals.clear();
  EXPECT_EQ(codes(judge_trust(standing, kT).reasons), Codes{"unsealed"});
  for (const Override& other : {override_of("unsealed", "gw-2"), override_of("unsealed"),
                                override_of("numbers_missing", "gw-1")}) {
    standing.overrides = {other};
    EXPECT_EQ(codes(judge_trust(standing, kT).reasons), Codes{"unsealed"});
    EXPECT_TRUE(judge_trust(standing, kT).used.empty());
  }
  standing.overrides = {override_of("unsealed", "gw-1")};
  EXPECT_TRUE(judge_trust(standing, kT).reasons.empty());
}

TEST(Trust, one_override_serves_all_partitions_and_is_named_once) {
  Standing standing = sound();
  standing.producers.seals[0].numbers = {{1, {6, 9}}};
  EXPECT_EQ(judge_trust(standing, kT).reasons.size(), 2u);
  standing.overrides = {override_of("numbers_missing", "gw-1")};
  EXPECT_TRUE(judge_trust(standing, kT).reasons.empty());
  EXPECT_EQ(judge_trust(standing, kT).used.size(), 1u);
}

TEST(Trust, producers_that_do_not_number_are_counted) {
  Standing standing = sound();
  standing.progress.resize(2);
  standing.progress[0].unnumbered = 1'200;
  standing.progress[1].unnumbered = 4;
  ASSERT_EQ(assumptions(standing).size(), 1u);
  EXPECT_EQ(assumptions(standing)[0].text,
            "1,204 events came from producers that do not number: what they lost is not noticed");
  standing.progress.clear();
  standing.producers = {};
  ASSERT_EQ(assumptions(standing).size(), 1u);
  EXPECT_EQ(assumptions(standing)[0].code, "no_producer");
}

TEST(Trust, R6_a_shortened_horizon_is_said) {
  Standing standing = sound();
  standing.progress.resize(1);
  standing.progress[0].horizon_us = kDay;
  standing.progress[0].restamp_window_us = 60 * kMinute;
  EXPECT_TRUE(assumptions(standing).empty()) << "from the stream's beginning";
  standing.progress[0].horizon_from_us = standing.now_us - kDay;
  EXPECT_TRUE(assumptions(standing).empty());
  standing.progress[0].horizon_from_us = standing.now_us - 2 * 60 * kMinute;
  ASSERT_EQ(assumptions(standing).size(), 1u);
  EXPECT_EQ(assumptions(standing)[0].code, "horizon_shortened");
  EXPECT_EQ(assumptions(standing)[0].text,
            "partition 0: copies are recognised for 2 h instead of 1 d");
  standing.progress[0].horizon_from_us = standing.now_us - 30 * kMinute;
  ASSERT_EQ(assumptions(standing).size(), 2u);
  EXPECT_EQ(assumptions(standing)[1].code, "restamp_window_shortened");
}

TEST(Trust,
     R6_a_window_that_was_short_for_a_record_of_this_close_is_said_though_it_is_whole_again) {
  Standing standing = sound();
  standing.progress.resize(1);
  QuotaPartition& row = standing.progress[0];
  row.horizon_us = kDay;
  row.restamp_window_us = 60 * kMinute;
  row.horizon_from_us = standing.now_us - kDay;
  row.restamp_short_until_us = standing.now_us - 10 * 60 * kMinute;
  ASSERT_EQ(assumptions(standing).size(), 1u);
  EXPECT_EQ(assumptions(standing)[0].code, "restamp_window_shortened");
  EXPECT_EQ(assumptions(standing)[0].text,
            "partition 0: copies with another time were recognised for less than 1 h until " +
                format_rfc3339(row.restamp_short_until_us));
  standing.last_close = CloseHead{1, row.restamp_short_until_us, ""};
  EXPECT_TRUE(assumptions(standing).empty()) << "that was for the close before";
}

TEST(Trust, a_broker_that_is_away_breaks_no_assumption) {
  Standing standing = sound();
  standing.stream = Error{ErrorCode::unavailable, "refused", ""};
  EXPECT_TRUE(judge_trust(standing, kT).reasons.empty());
}

TEST(Trust, numbers_are_grouped_by_thousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(-1'234'567), "-1,234,567");
}

}  // namespace
}  // namespace weir
