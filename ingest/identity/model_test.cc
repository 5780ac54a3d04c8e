// Random histories against a model that remembers every event for ever.
//
// The consumer reads, commits, seals, merges, expires and crashes, in any order, also between a
// seal and the commit that would name it. Each verdict is held against the model:
//   duplicate   only if the identity was there at a smaller address
//   fresh       never for a copy that is claimed: same time and within the horizon, or re-stamped
//               within the window
//   unprovable  exactly when the identity is not known and event time - skew <= C, where C is the
//               greatest append time of the records below what is covered (where a rebuild began in the
//               middle: of its first record, + skew)
#include "ingest/identity/index_fixture.h"

#include <map>
#include <random>

namespace weir {
namespace {

constexpr std::int64_t kStart = 1000 * kHour;

class Model {
 public:
  Model(TestConsumer& consumer, std::uint64_t seed) : consumer_(consumer), random_(seed) {}

  void run(int steps) {
    consumer_.start();
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      std::uint64_t dice = random_() % 100;
      if (dice < 70) read_record();
      if (dice >= 70 && dice < 84) consumer_.commit();
      if (dice >= 84 && dice < 90) consumer_.commit_and_seal(random_() % 2 == 0);
      if (dice >= 90 && dice < 92) consumer_.seal();  // and forgets to name it, for now
      if (dice >= 92 && dice < 96) consumer_.expire();
      if (dice >= 96) crash();
    }
  }
  int duplicates = 0, unprovable = 0, fresh = 0, crashes = 0;

 private:
  struct Seen {
    std::int64_t offset, append, time;
  };

  void crash() {
    ++crashes;
    if (random_() % 4 == 0 && !consumer_.rows.empty()) lose_a_file();
    consumer_.crash_and_start();
    for (auto& [id, copies] : applied_) {  // what was not committed never happened
      std::erase_if(copies, [&](const Seen& seen) { return seen.offset >= consumer_.next; });
    }
  }
  void lose_a_file() {
    const Generation& row = consumer_.rows[random_() % consumer_.rows.size()];
    std::filesystem::remove(consumer_.options.folder + "/" + row.file_name());
  }

  void read_record() {
    if (consumer_.position == static_cast<std::int64_t>(consumer_.stream.size())) make_record();
    std::int64_t offset = consumer_.position;
    const TestRecord record = consumer_.stream[static_cast<std::size_t>(offset)];
    std::optional<std::int64_t> unheld = greatest_append_below(consumer_.index->covered().from);
    std::vector<Verdict> out = consumer_.ask_next();
    for (std::size_t i = 0; i < out.size(); ++i) {
      judge(record, offset, record.events[i], out[i], unheld);
    }
  }

  void make_record() {
    now_ += static_cast<std::int64_t>(random_() % (2 * kMinute));
    std::vector<TestEvent> events;
    std::uint64_t count = 1 + random_() % 4;
    for (std::uint64_t i = 0; i < count; ++i) {
      bool copy = next_id_ > 0 && random_() % 3 == 0;
      std::uint64_t id = copy ? random_() % next_id_ : next_id_++;
      bool restamped = !copy || random_() % 2 == 0;
      std::int64_t late =
          random_() % 8 == 0 ? static_cast<std::int64_t>(random_() % (6 * kHour)) : 0;
      std::int64_t time = restamped || !first_time_.contains(id) ? now_ - late : first_time_.at(id);
      events.push_back({id, time});
      first_time_.try_emplace(id, time);
    }
    consumer_.append(now_, std::move(events));
  }

  /// C, if the index never holds less than it says. Everything up to log start 0 can be read again.
  std::optional<std::int64_t> greatest_append_below(std::int64_t offset) const {
    std::optional<std::int64_t> most;
    for (std::int64_t i = 0; i < offset; ++i) {
      std::int64_t append = consumer_.stream[static_cast<std::size_t>(i)].append;
      most = most ? std::max(*most, append) : append;
    }
    return most;
  }

  void judge(const TestRecord& record, std::int64_t offset, const TestEvent& event, Verdict verdict,
             std::optional<std::int64_t> unheld) {
    std::int64_t time = event.time.value_or(record.append);
    bool late = unheld && time - consumer_.options.skew.count() <= *unheld;
    std::vector<Seen>& applied = applied_[event.id];
    if (verdict == Verdict::duplicate) {
      ++duplicates;
      EXPECT_FALSE(applied.empty()) << "a duplicate of nothing";
      return;
    }
    bool kept_apart = verdict == Verdict::unprovable;
    EXPECT_TRUE(late ? kept_apart : !kept_apart || may_seem_late(time));
    (kept_apart ? unprovable : fresh) += 1;
    std::int64_t window = record.append - consumer_.options.restamp_window.count();
    for (const Seen& seen : applied) {
      if (seen.offset < consumer_.index->covered().from) continue;
      EXPECT_FALSE(seen.time == time || seen.append >= window)
          << "the copy at " << offset << " of the one at " << seen.offset << " is claimed";
    }
    applied.push_back({offset, record.append, time});
  }

  /// A rebuild that began in the middle knows of what lay before only by its first record (R6).
  bool may_seem_late(std::int64_t time) const {
    if (!consumer_.began_in_the_middle_at) return false;
    auto first = static_cast<std::size_t>(*consumer_.began_in_the_middle_at);
    return time <= consumer_.stream[first].append + 2 * consumer_.options.skew.count();
  }

  TestConsumer& consumer_;
  std::mt19937_64 random_;
  std::int64_t now_ = kStart;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::int64_t> first_time_;
  std::map<std::uint64_t, std::vector<Seen>> applied_;  // by their verdict, smallest offset first
};

TEST(IdentityModel, every_verdict_of_random_histories_holds) {
  int duplicates = 0, unprovable = 0, fresh = 0, crashes = 0;
  for (std::uint64_t seed = 0; seed < 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    TestFolder folder;
    TestConsumer consumer(folder.path());
    consumer.options.horizon = Micros((seed % 3 + 1) * 2 * kHour);
    consumer.options.open_age_max = Micros(15 * kMinute);
    Model model(consumer, seed);
    model.run(600);
    duplicates += model.duplicates;
    unprovable += model.unprovable;
    fresh += model.fresh;
    crashes += model.crashes;
  }
  // A model that never met a case proves nothing about it.
  EXPECT_GT(duplicates, 1000);
  EXPECT_GT(unprovable, 100);
  EXPECT_GT(fresh, 1000);
  EXPECT_GT(crashes, 100);
}

}  // namespace
}  // namespace weir
