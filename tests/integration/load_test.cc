// `weir-ingest load` and `tail` against the real broker: counts that an independent count confirms,
// reruns that add nothing, late files that become adjustments.
#include "tests/integration/catalogs.h"
#include "tests/integration/deployment.h"

#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <simdjson.h>

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kMay2015Us = 1'430'438'400 * kMicrosPerSecond;  // 2015-05-01T00:00:00Z

struct LogFile {
  std::string text;
  int good = 0;
  int spoiled = 0;
};

std::string good_line(std::mt19937_64& random, int number) {
  return fmt::format(
      R"(192.0.2.{} - - [{:02}/May/2015:{:02}:{:02}:{:02} +0000] "GET /v1/items/{}?page={} HTTP/1.1" )"
      R"({} {} "-" "agent/{}")",
      random() % 250 + 1, number % 3 + 17, random() % 24, random() % 60, random() % 60, number,
      random() % 9, random() % 10 == 0 ? 500 : 200, random() % 5000, random() % 7);
}

// The ten ways in which a line is spoiled. Each takes a good line and makes one that no reader of
// combined logs can take.
std::string spoil(std::string line, std::uint64_t way) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    const auto at = line.find(from);
    return at == std::string::npos ? line : line.replace(at, from.size(), to);
  };
  switch (way % 10) {
    case 0:
      return line.substr(0, line.find('"'));  // cut before the request
    case 1:
      return replace("\" 200 ", "\" 2000 ").substr(0, 40);  // cut inside the request
    case 2:
      return replace("[", "");  // no bracket before the time
    case 3:
      return replace("/May/", "/Mai/");  // no month of that name
    case 4:
      return replace("GET ", "");  // no method
    case 5:
      return replace(" HTTP/1.1\"", " HTTP/1.1");  // no quote behind the request
    case 6:
      return replace(" \"-\" \"agent", " agent");  // no quotes round referer and agent
    case 7:
      return replace("+0000", "+00000");  // no zone of that length
    case 8:
      return replace(":", ";");  // no separator in the time
    default:
      return "\x01\x02 binary rubbish \x7f";
  }
}

LogFile make_log(std::uint64_t seed, int lines, int spoiled) {
  std::mt19937_64 random(seed);
  LogFile log;
  for (int i = 0; i < lines; ++i) {
    const bool bad = i % (lines / spoiled) == 3 && log.spoiled < spoiled;
    const std::string line = good_line(random, static_cast<int>(seed) * 100'000 + i);
    log.text += (bad ? spoil(line, static_cast<std::uint64_t>(log.spoiled)) : line) + "\n";
    ++(bad ? log.spoiled : log.good);
  }
  return log;
}

class Load : public ::testing::Test {
 protected:
  Load() {
    weir_.apply_catalog(one_price({"s1"}, "month", "0.01", kMay2015Us));
    weir_.api_key("acme");
    quota_ = weir_.start("weir-quota", {"run"}, "quota");
  }
  std::string write(const std::string& name, const std::string& text) {
    const std::string path = weir_.folder() + "/" + name;
    std::ofstream(path, std::ios::app) << text;
    return path;
  }
  std::string load(const std::string& path) {
    return weir_.run_well("weir-ingest", {"load", path, "--tenant", "acme", "--subscription", "s1",
                                          "--json", "--rejects", path + ".rejects"});
  }
  void applied() {
    ASSERT_TRUE(eventually(seconds(60), [&] { return weir_.applied_to() == weir_.log_end(); }))
        << quota_->err();
    weir_.expect_counts_add_up();
  }
  std::int64_t usage() {
    return weir_.sql_number("select coalesce(sum(units), 0) from quota.usage");
  }
  std::int64_t adjusted() {
    return weir_.sql_number("select coalesce(sum(units), 0) from quota.adjustment");
  }
  static std::int64_t count(const std::string& json, const char* name) {
    simdjson::dom::parser parser;
    return std::int64_t(parser.parse(json)[name]);
  }

  Deployment weir_;
  std::unique_ptr<ChildProcess> quota_;
};

TEST_F(Load, spoiled_lines_are_rejected_with_reasons_and_their_neighbours_counted_once) {
  const LogFile log = make_log(1, 2000, 200);
  const std::string path = write("access.log", log.text);
  const std::string counts = load(path);
  EXPECT_EQ(count(counts, "accepted"), log.good) << counts;
  EXPECT_EQ(count(counts, "rejected"), log.spoiled) << counts;
  const std::string rejects = read_whole(path + ".rejects");
  EXPECT_EQ(std::count(rejects.begin(), rejects.end(), '\n'), log.spoiled);
  applied();
  EXPECT_EQ(usage(), log.good);

  load(path);  // the same again
  const std::string copy = write("copy-under-another-name.log", log.text);
  load(copy);
  applied();
  EXPECT_EQ(usage(), log.good);
}

TEST_F(Load, a_file_that_is_loaded_after_a_close_becomes_adjustments) {
  const LogFile before = make_log(2, 500, 1);
  load(write("before.log", before.text));
  applied();
  ASSERT_TRUE(eventually(seconds(60), [&] {
    return weir_.run("weir-billing", {"run"}).exit_code == 0;
  })) << weir_.run("weir-billing", {"run"}).out;
  EXPECT_EQ(usage(), before.good);

  const LogFile after = make_log(3, 700, 1);
  load(write("after.log", after.text));
  applied();
  EXPECT_EQ(usage(), before.good);
  EXPECT_EQ(adjusted(), after.good);
  // The next close bills them as a late line of May 2015.
  ASSERT_TRUE(eventually(seconds(60), [&] {
    weir_.run("weir-billing", {"run"});
    return weir_.sql_number("select count(*) from quota.adjustment where close_id is null") == 0;
  }));
}

TEST_F(Load, a_tail_that_is_killed_and_rotated_under_ships_every_line_once) {
  const std::string path = weir_.folder() + "/live.log";
  const std::vector<std::string> words = {
      "tail", path, "--tenant", "acme", "--subscription", "s1", "--ingest.tail_listen=127.0.0.1:0"};
  const LogFile first = make_log(4, 300, 1), second = make_log(5, 300, 1),
                third = make_log(6, 9, 1);
  write("live.log", first.text);
  auto tail = weir_.start("weir-ingest", words, "tail");
  ASSERT_TRUE(eventually(seconds(60), [&] { return usage() == first.good; })) << tail->err();

  tail->kill_hard();
  write("live.log", second.text);
  ASSERT_EQ(std::rename(path.c_str(), (path + ".1").c_str()), 0);
  write("live.log", third.text);
  auto again = weir_.start("weir-ingest", words, "tail");
  ASSERT_TRUE(eventually(seconds(60), [&] {
    return usage() == first.good + second.good + third.good;
  })) << again->err();
  applied();
  EXPECT_EQ(usage(), first.good + second.good + third.good);
  EXPECT_THAT(weir_.get(weir_.url_of(*again) + "/metrics", "acme").second,
              testing::HasSubstr("weir_ingest_tail_lines_rejected"));
}

}  // namespace
}  // namespace weir::test
