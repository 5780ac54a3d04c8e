// Several processes that could keep one log: kill -9, stops, and what their clients were told.
#include "base/http/client.h"
#include "ingest/file_stream/append_wire.h"
#include "ingest/file_stream/keeper_fixture.h"

#include <fcntl.h>
#include <fstream>
#include <map>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KeepersTest : public KeeperTest {
 protected:
  std::string told_by(int client) const { return root_ + "/told-" + std::to_string(client); }

  /// Appends for ever; writes down what it was told. With a keeper of its own, if it is to have one.
  Child client(int number, bool with_keeper) {
    return Child([this, number, with_keeper] {
      const std::unique_ptr<LogKeeper> own = with_keeper ? keeper() : nullptr;
      auto to = sink(own.get());
      const int told = ::open(told_by(number).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      for (std::int64_t i = 0;; ++i) {
        const std::string value = std::to_string(::getpid()) + "/" + std::to_string(i);
        const OutRecord record{PartitionId{number % 2}, "", value};
        Result<std::vector<Appended>> places = to->append({&record, 1}, in_time());
        while (!places) places = to->append({&record, 1}, in_time());
        const std::string line = std::to_string(places->at(0).offset.value) + " " + value + "\n";
        if (::write(told, line.data(), line.size()) < 0) ::_exit(1);
      }
    });
  }
  std::vector<std::string> lines_of(int client) const {
    std::ifstream file(told_by(client));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  /// Every client is told of more records than it was.
  bool all_go_on(int clients) {
    std::vector<std::size_t> before;
    for (int c = 0; c < clients; ++c) before.push_back(lines_of(c).size());
    return eventually([&] {
      for (int c = 0; c < clients; ++c) {
        if (lines_of(c).size() < before[static_cast<std::size_t>(c)] + 3) return false;
      }
      return true;
    });
  }
  void expect_all_there(int clients) {
    const auto audit = audit_log(disk_, folder_);
    ASSERT_TRUE(audit) << audit.error().text();
    EXPECT_TRUE(audit->whole());
    const std::vector<std::string> there[] = {values(PartitionId{0}), values(PartitionId{1})};
    for (int c = 0; c < clients; ++c) {
      for (const std::string& line : lines_of(c)) {
        const std::size_t blank = line.find(' ');
        const auto& partition = there[c % 2];
        const auto offset = static_cast<std::size_t>(std::stoll(line));
        ASSERT_LT(offset, partition.size()) << "client " << c << " was told of " << line;
        ASSERT_EQ(partition[offset], line.substr(blank + 1));
      }
    }
  }
};

TEST_F(KeepersTest, of_two_keepers_one_has_the_log_and_both_are_ready) {
  auto first = keeper_with_log();
  auto second = keeper();
  EXPECT_TRUE(append(*sink(second.get()), "over the socket"));
  EXPECT_FALSE(second->kept());
  EXPECT_THAT(first->not_ready(), IsEmpty());
  EXPECT_THAT(second->not_ready(), IsEmpty());
  EXPECT_THAT(values(), ElementsAre("over the socket"));
}

TEST_F(KeepersTest, who_waits_takes_over_from_one_that_stops) {
  auto first = keeper_with_log();
  auto second = keeper();
  ASSERT_TRUE(append(*sink(), "a"));
  first->stop();
  EXPECT_FALSE(first->kept());
  EXPECT_TRUE(eventually([&] { return second->kept().has_value(); }));
  EXPECT_TRUE(append(*sink(), "b"));
  EXPECT_THAT(values(), ElementsAre("a", "b"));
}

TEST_F(KeepersTest, kill_9_of_whoever_keeps_the_log_loses_nothing_that_was_acknowledged) {
  constexpr int kClients = 4;
  constexpr int kKills = 10;
  options_.log.segment_bytes = 4'000;  // so that some die while a segment begins
  std::map<int, Child> clients;
  std::vector<Child> keepers;
  for (int i = 0; i < 2; ++i) keepers.push_back(keeper_process());
  // Half of them could keep the log themselves, as weir-ingest can.
  for (int c = 0; c < kClients; ++c) clients.emplace(c, client(c, c % 2 == 0));
  int kills = 0;
  while (kills < kKills) {
    ASSERT_TRUE(all_go_on(kClients)) << "after " << kills << " kills";
    const pid_t holder = this->holder();
    for (Child& keeper : keepers) {
      if (keeper.pid() != holder) continue;
      keeper = keeper_process();  // the old one dies here
      ++kills;
    }
    for (auto& [number, old] : clients) {
      if (old.pid() != holder) continue;
      old = client(number, true);
      ++kills;
    }
  }
  ASSERT_TRUE(all_go_on(kClients));
  clients.clear();
  keepers.clear();
  expect_all_there(kClients);
  auto last = keeper_with_log();  // whoever opens it finds it whole
  EXPECT_TRUE(append(*sink(), "and on"));
}

/// A process that was stopped for an hour must not append what its client gave up an hour ago.
TEST_F(KeepersTest, an_append_that_lay_in_the_socket_of_a_frozen_keeper_is_not_begun_too_late) {
  options_.threads = 1;  // what came first is handled first
  Child keeper = keeper_process();
  auto to = sink();
  ASSERT_TRUE(append(*to, "a"));
  keeper.signal(SIGSTOP);
  const auto given_up = append(*to, "late", Deadline::in(std::chrono::milliseconds(200)));
  ASSERT_FALSE(given_up);
  // On a machine with no time for us it may not even have been sent.
  EXPECT_THAT(given_up.error().code, testing::AnyOf(ErrorCode::in_doubt, ErrorCode::unavailable));
  keeper.signal(SIGCONT);
  ASSERT_TRUE(append(*to, "b"));
  EXPECT_THAT(values(), ElementsAre("a", "b"));
}

TEST_F(KeepersTest, a_request_that_comes_too_late_is_refused) {
  auto own = keeper_with_log();
  const std::string value = "late";
  const LogRecord record{PartitionId{0}, "", "", value, {}};
  HttpClient client(writer_socket(folder_));
  const auto reply =
      client.post("http://weir/v1/append", {},
                  write_append(*own->kept(), steady_us() - 1, {&record, 1}), in_time());
  ASSERT_TRUE(reply);
  const auto places = read_answer(reply->body, 1);
  ASSERT_FALSE(places);
  EXPECT_EQ(places.error().code, ErrorCode::unavailable);
  EXPECT_THAT(values(), IsEmpty());
}

}  // namespace
}  // namespace weir
