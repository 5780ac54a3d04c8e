// R16 under power failures, process deaths and failing fsyncs, at every step that changes the disk.
//
// The same work is done again and again, each time dying one step later, and each time with several
// choices of what the disk keeps of the writes that were not synced. Then it goes on in the next
// life, which dies as well. What must hold in all of them: what was acknowledged is there; what a
// reader saw is there; and no offset ever holds two different records.
#include "ingest/spool/log_fixture.h"

#include <algorithm>
#include <map>
#include <random>

namespace weir {
namespace {

using Place = std::pair<PartitionId, Offset>;
constexpr int kRounds = 9;

class PowerTest : public LogTest {
 protected:
  enum class Death { power, process };

  PowerTest() {
    options_.segment_bytes = 300;
    options_.record_bytes_max = 1'000;
  }

  /// One life: opens the log, appends, reads, drops, retains. Ends when the disk dies, at the latest.
  void live(int life) {
    auto opened = try_open();
    if (!opened) {
      EXPECT_TRUE(disk_.dead()) << opened.error().text();
      return;
    }
    log_ = *std::move(opened);
    look();
    for (int round = 0; round < kRounds && !disk_.dead(); ++round) {
      append_some(life, round);
      look();
      if (round % 4 == 3) drop();
      if (round % 4 == 1) retain();
    }
  }

  void append_some(int life, int round) {
    std::vector<std::string> texts;
    for (int i = 0; i <= round % 3; ++i) {
      texts.push_back(std::to_string(++written_) + " of life " + std::to_string(life) +
                      std::string(static_cast<std::size_t>(random_() % 60), '.'));
    }
    std::vector<LogRecord> records;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const PartitionId partition{static_cast<std::int32_t>(i) % 2};
      records.push_back({partition, "", "", texts[i], {}});
    }
    if (random_() % 8 == 0) fail_some_call();
    const auto places = log_->append(records, soon());
    if (!places) return;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      keep(acknowledged_, {records[i].partition, places->at(i).offset}, texts[i]);
    }
  }

  void fail_some_call() {
    using Call = MemoryDisk::Call;
    constexpr Call kCalls[] = {Call::write, Call::sync, Call::make, Call::truncate, Call::remove};
    const ErrorCode code = random_() % 2 == 0 ? ErrorCode::full : ErrorCode::unavailable;
    disk_.fail(kCalls[random_() % std::size(kCalls)], code, 1 + static_cast<int>(random_() % 2));
  }

  /// What a reader sees now must be there for ever.
  void look() {
    auto from = LogReader::open(disk_, options_.folder);
    if (!from) return;  // not there yet, or the disk is dead
    for (const PartitionId partition : {kFirst, kSecond}) {
      const auto bounds = (*from)->bounds(partition);
      if (!bounds) continue;
      for (Offset offset = bounds->start; offset < bounds->end; ++offset) {
        const auto record = (*from)->read(partition, offset);
        if (!record) {
          EXPECT_TRUE(disk_.dead()) << record.error().text();
          break;
        }
        keep(seen_, {partition, offset}, std::string((*record)->value));
      }
    }
  }

  void drop() {
    for (const PartitionId partition : {kFirst, kSecond}) {
      const Offset until = log_->bounds(partition).end - 2;
      const Status dropped = log_->drop_before(partition, until);
      EXPECT_TRUE(dropped || dropped.error().code != ErrorCode::integrity);
      dropped_[partition] = std::max(dropped_[partition], until);
    }
  }

  /// By age, by bytes and beyond the hard bound; half of what is there is still needed.
  void retain() {
    clock_.advance(std::chrono::seconds(1));
    std::vector<Offset> cursor;
    for (const PartitionId partition : {kFirst, kSecond}) {
      const LogBounds at = log_->bounds(partition);
      cursor.push_back(at.start + (at.end - at.start) / 2);
    }
    Retention retention;
    if (random_() % 2 == 0) retention.age = Micros{1};
    if (random_() % 2 == 0) retention.bytes = log_->bytes() / 2;
    if (random_() % 4 == 0) retention.held_bytes_max = log_->bytes() / 2;
    if (random_() % 8 == 0) fail_some_call();
    const Dropped dropped = log_->retain(retention, cursor);
    for (const Dropped::Range& range : dropped.ranges) {
      const bool held = range.to > cursor[static_cast<std::size_t>(range.partition.value)];
      EXPECT_TRUE(!held || retention.held_bytes_max < kNoBound) << "what is needed went";
      EXPECT_EQ(held, std::any_of(dropped.unread.begin(), dropped.unread.end(), [&](const auto& u) {
                  return u.partition == range.partition && u.to == range.to;
                }));
      dropped_[range.partition] = std::max(dropped_[range.partition], range.to);
    }
  }

  void keep(std::map<Place, std::string>& in, Place place, const std::string& value) {
    for (const auto* known : {&acknowledged_, &seen_}) {
      const auto found = known->find(place);
      if (found == known->end()) continue;
      EXPECT_EQ(found->second, value) << "an offset that was given twice";
    }
    in[place] = value;
  }

  /// Opens the log in peace, and compares.
  void check() {
    open();
    if (HasFatalFailure()) return;
    const auto from = reader();
    for (const auto* known : {&acknowledged_, &seen_}) {
      for (const auto& [place, value] : *known) {
        const auto& [partition, offset] = place;
        if (offset < dropped_[partition]) continue;
        const auto record = from->read(partition, offset);
        ASSERT_TRUE(record) << record.error().text();
        ASSERT_TRUE(record->has_value()) << "lost: " << value;
        ASSERT_EQ((*record)->value, value);
      }
    }
    look();
  }

  void die(Death how) {
    log_.reset();
    if (how == Death::process) return disk_.kill_process();
    disk_.power_fail([this](std::uint64_t n) { return random_() % n; });
  }

  /// Two lives that die at steps `first` and `second`, and one in peace. False: the first one went
  /// to its end.
  bool run(std::int64_t first, std::int64_t second, unsigned seed) {
    random_.seed(seed);
    const auto torn = [this](std::uint64_t n) { return random_() % n; };
    disk_.die_at_step(first, torn);
    live(1);
    const bool died = disk_.dead();
    // A process that dies leaves the page cache; the power failure comes in the second life.
    die(seed % 2 == 0 ? Death::power : Death::process);
    disk_.die_at_step(second, torn);
    live(2);
    die(Death::power);
    check();
    if (HasFailure()) return true;
    append(kFirst, "peace");
    die(Death::power);
    check();
    return died;
  }

  std::mt19937_64 random_;
  int written_ = 0;
  std::map<Place, std::string> acknowledged_, seen_;
  std::map<PartitionId, Offset> dropped_;
};

/// A fresh world for each history; gtest's own fixture only asserts.
class History : public PowerTest {
 public:
  void TestBody() override {}
  using PowerTest::acknowledged_;
  using PowerTest::run;
};

TEST(PowerFailure, R16_what_was_acknowledged_or_seen_survives_a_death_at_any_step) {
  constexpr std::int64_t kLastDeath = 110;  // what one life does takes about as many steps
  constexpr std::int64_t kSecondDeaths[] = {1, 4, 9, 17, 30, 60};
  std::int64_t histories = 0;
  std::size_t acknowledged = 0;
  std::int64_t deaths = 0;
  for (std::int64_t step = 1; step <= kLastDeath; ++step) {
    for (unsigned seed = 0; seed < 16; ++seed) {
      for (const std::int64_t second : kSecondDeaths) {
        History history;
        const auto number = static_cast<unsigned>(step * 10'000 + second * 100) + seed;
        deaths += history.run(step, second, number) ? 1 : 0;
        ++histories;
        acknowledged += history.acknowledged_.size();
        ASSERT_FALSE(testing::Test::HasFailure())
            << "died at step " << step << ", then at " << second << "; seed " << number;
      }
    }
  }
  EXPECT_EQ(histories, 16 * 6 * kLastDeath);
  EXPECT_GT(deaths, histories * 3 / 4);
  EXPECT_GT(acknowledged, 40'000u);
}

class FsyncTest : public LogTest {};

TEST_F(FsyncTest, R16_what_a_failed_fsync_left_in_the_page_cache_is_not_taken_for_durable) {
  open();
  append(kFirst, "a");
  // The fsync of the group fails, and the process dies before it can undo: the pages stay in the
  // cache, clean, and readable, and are nowhere on the disk.
  disk_.fail(MemoryDisk::Call::sync, ErrorCode::unavailable);
  disk_.fail(MemoryDisk::Call::truncate, ErrorCode::unavailable);
  EXPECT_EQ(try_append(kFirst, {"b"}).error().code, ErrorCode::in_doubt);
  log_.reset();
  disk_.kill_process();
  open();
  const auto seen = values(kFirst);
  append(kFirst, "c");
  power_fails();
  open();
  const auto after = values(kFirst);
  ASSERT_GE(after.size(), seen.size());
  EXPECT_EQ(std::vector(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(seen.size())),
            seen);
  EXPECT_EQ(after.back(), "c");
}

TEST_F(FsyncTest, R16_a_reader_never_sees_what_is_not_yet_durable) {
  open();
  append(kFirst, "a");
  disk_.die_at_step(2, [](std::uint64_t) { return 0; });  // 1: the write; 2: its fsync
  EXPECT_FALSE(try_append(kFirst, {"b"}));
  disk_.kill_process();
  EXPECT_NE(disk_.content(tail_path(kFirst)).find('b'), std::string::npos);
  EXPECT_THAT(values(kFirst), testing::ElementsAre("a"));
}

}  // namespace
}  // namespace weir
