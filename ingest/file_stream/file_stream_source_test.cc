// What a consumer sees of a file log that it shares with other processes.
#include "ingest/file_stream/file_stream_source.h"

#include "base/log.h"
#include "ingest/file_stream/group_fixture.h"
#include "ingest/spool/file_log.h"
#include "ingest/spool/real_disk.h"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace weir {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Kind = Polled::Kind;

Deadline soon() { return Deadline::in(std::chrono::seconds(60)); }

class StreamSourceTest : public GroupTest {
 protected:
  StreamSourceTest() {
    log_options_.folder = folder_ + "-log";
    log_options_.partitions = kPartitions;
  }
  ~StreamSourceTest() override {
    log_.reset();
    std::filesystem::remove_all(folder_ + "-log");
    std::filesystem::remove_all(folder_ + "-old");
  }
  void open() {
    auto opened = FileLog::open(disk_, log_options_, system_clock());
    ASSERT_TRUE(opened) << opened.error().text();
    log_ = *std::move(opened);
  }
  void append(PartitionId partition, const std::string& value) {
    const LogRecord record{partition, "", "", value, {}};
    ASSERT_TRUE(log_->append({&record, 1}, soon()));
  }
  std::unique_ptr<FileStreamSource> source() {
    return std::make_unique<FileStreamSource>(
        disk_, FileStreamOptions{log_options_.folder, folder_, options_}, clock_);
  }
  Kind poll(FileStreamSource& from) {
    Result<Polled> polled = from.poll(Micros(0));
    EXPECT_TRUE(polled) << polled.error().text();
    if (!polled) return Kind::nothing;
    told_.assign(polled->partitions.begin(), polled->partitions.end());
    return polled->kind;
  }

  RealDisk disk_;
  FileLogOptions log_options_;
  std::unique_ptr<FileLog> log_;
  std::vector<PartitionId> told_;
};

TEST_F(StreamSourceTest, a_log_that_is_not_made_yet_is_waited_for_and_that_is_said_once) {
  const auto early = source();
  start_log("weir-test", "info", "json");  // whatever another test has set
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poll(*early), Kind::nothing);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("waiting for the log"), std::string::npos);
  EXPECT_EQ(said.find("waiting for the log"), said.rfind("waiting for the log"));
  EXPECT_EQ(early->bounds(PartitionId{0}, soon()).error().code, ErrorCode::not_found);
  EXPECT_EQ(early->partition_count(soon()).error().code, ErrorCode::not_found);
  EXPECT_EQ(early->start(PartitionId{0}, Offset{0}).error().code, ErrorCode::not_found);
  open();
  ASSERT_EQ(poll(*early), Kind::assigned);
  EXPECT_THAT(told_, SizeIs(kPartitions));
  EXPECT_EQ(early->log_id(), log_->id());
}

TEST_F(StreamSourceTest, a_newcomer_is_assigned_only_what_the_other_was_told_to_give_up) {
  open();
  const auto one = source();
  ASSERT_EQ(poll(*one), Kind::assigned);
  clock_.advance(Micros(1));
  const auto two = source();
  EXPECT_EQ(poll(*two), Kind::nothing);
  clock_.advance(options_.look_interval);
  ASSERT_EQ(poll(*one), Kind::revoked);
  ASSERT_EQ(poll(*one), Kind::assigned);
  EXPECT_EQ(told_, partitions({0, 2, 4}));
  EXPECT_EQ(poll(*two), Kind::nothing) << "it may still be dropping its batch";
  EXPECT_EQ(poll(*one), Kind::nothing);  // gives up
  clock_.advance(options_.look_interval);
  ASSERT_EQ(poll(*two), Kind::assigned);
  EXPECT_EQ(told_, partitions({1, 3, 5}));
}

TEST_F(StreamSourceTest, its_thread_keeps_the_place_while_nobody_polls) {
  options_.heartbeat_interval = std::chrono::milliseconds(1);
  open();
  const auto busy = source();
  ASSERT_EQ(poll(*busy), Kind::assigned);
  const auto other = join();
  for (int i = 0; i < 8; ++i) {
    clock_.advance(options_.session_timeout / 4);
    other->beat();
    const std::int64_t now = clock_.now().value;
    const Deadline deadline = soon();
    bool beaten = false;
    while (!beaten && !deadline.passed()) {
      beaten = read_members(folder_)->front().state.beat_us == now;
    }
    ASSERT_TRUE(beaten) << "it does not beat";
  }
  EXPECT_FALSE(other->look()) << "the place is not lost";
  ASSERT_EQ(poll(*busy), Kind::revoked) << "and is shared with the other from now on";
  EXPECT_THAT(told_, SizeIs(kPartitions));
  ASSERT_EQ(poll(*busy), Kind::assigned);
}

TEST_F(StreamSourceTest, R2_a_log_of_more_partitions_in_its_place_is_dealt_anew) {
  open();
  const auto one = source();
  ASSERT_EQ(poll(*one), Kind::assigned);
  ASSERT_EQ(poll(*one), Kind::nothing);
  log_.reset();
  std::filesystem::rename(log_options_.folder, folder_ + "-old");
  log_options_.partitions = kPartitions + 2;
  open();
  std::vector<PartitionId> has;
  for (int i = 0; i < 10; ++i) {
    const Kind kind = poll(*one);
    if (kind == Kind::assigned) has = told_;
    if (kind == Kind::revoked) has.clear();
    clock_.advance(options_.look_interval);
  }
  EXPECT_THAT(has, SizeIs(kPartitions + 2));
  EXPECT_EQ(*one->partition_count(soon()), kPartitions + 2);
}

/// Positions as a database keeps them, for all processes.
struct Positions {
  static constexpr int kPartitions = 6;
  std::atomic<std::int64_t> next[kPartitions] = {};
  std::atomic<std::int64_t> applied{0};
  std::atomic<int> reading[8] = {};  // by child: records that it applied
};

/// A consumer that applies record by record, by compare-and-set, for ever.
int consume(const FileStreamOptions& options, Positions& positions, int child) {
  RealDisk disk;
  FileStreamSource source(disk, options, system_clock());
  while (true) {
    Result<Polled> polled = source.poll(std::chrono::milliseconds(20));
    if (!polled) return 1;
    std::vector<PartitionId> begun;
    if (polled->kind == Kind::assigned) {
      begun.assign(polled->partitions.begin(), polled->partitions.end());
    } else if (polled->kind == Kind::record) {
      std::int64_t expected = polled->record.offset.value;
      auto& next = positions.next[polled->record.partition.value];
      if (next.compare_exchange_strong(expected, expected + 1)) {
        ++positions.applied;
        ++positions.reading[child];
      } else {
        begun.push_back(polled->record.partition);
      }
    }
    for (const PartitionId p : begun) {
      if (!source.start(p, Offset{positions.next[p.value]})) return 2;
    }
  }
}

TEST_F(StreamSourceTest, consumers_that_are_added_killed_and_frozen_read_everything_on) {
  options_.session_timeout = std::chrono::seconds(1);
  options_.heartbeat_interval = std::chrono::milliseconds(100);
  options_.look_interval = std::chrono::milliseconds(20);
  open();
  Shared<Positions> positions;
  std::vector<pid_t> children;
  const auto add = [&] {
    const int child = static_cast<int>(children.size());
    children.push_back(::fork());
    if (children.back() != 0) return;
    ::_exit(consume({log_options_.folder, folder_, options_}, *positions, child));
  };
  std::int64_t written = 0;
  /// Writes to every partition, and waits until somebody has applied it all.
  const auto round_trip = [&](const char* when) {
    for (int i = 0; i < 5 * kPartitions; ++i, ++written) append(PartitionId{i % kPartitions}, when);
    const Deadline deadline = soon();
    while (positions->applied < written && !deadline.passed()) ::usleep(1'000);
    ASSERT_EQ(positions->applied, written) << when;
  };
  /// Until a child has a share of its own.
  const auto round_trips_until_reads = [&](int child) {
    const Deadline deadline = soon();
    while (positions->reading[child] == 0 && !deadline.passed()) round_trip("a share for each");
    ASSERT_GT(positions->reading[child], 0);
  };
  add();
  round_trip("one");
  add();
  add();
  round_trips_until_reads(1);
  round_trips_until_reads(2);
  ::kill(children[0], SIGKILL);
  ::waitpid(children[0], nullptr, 0);
  round_trip("one was killed");
  ::kill(children[1], SIGSTOP);
  round_trip("one is frozen");
  add();
  round_trips_until_reads(3);
  ::kill(children[1], SIGCONT);
  const int before = positions->reading[1];
  const Deadline deadline = soon();
  while (positions->reading[1] == before && !deadline.passed()) round_trip("one is back");
  EXPECT_GT(positions->reading[1], before);
  for (std::size_t child = 1; child < children.size(); ++child) {
    ::kill(children[child], SIGKILL);
    int status = 0;
    ::waitpid(children[child], &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "child " << child << " ended by itself";
  }
}

}  // namespace
}  // namespace weir
