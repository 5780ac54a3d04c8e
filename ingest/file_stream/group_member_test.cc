// How members of a group share partitions; each is driven by hand, on a clock that is told.
#include "ingest/file_stream/group_fixture.h"

#include <fstream>
#include <optional>
#include <random>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

class MemberTest : public GroupTest {
 protected:
  /// A member, and what it was last told.
  struct Consumer {
    std::unique_ptr<GroupMember> member;
    std::vector<PartitionId> has;
    bool look() {
      auto dealing = member->look();
      if (dealing) has = *std::move(dealing);
      return dealing.has_value();
    }
  };
  Consumer& add() {
    auto& made = consumers_.emplace_back(std::make_unique<Consumer>());
    made->member = join();
    return *made;
  }
  /// Nobody has what another has.
  void expect_disjoint() {
    std::vector<int> owners(kPartitions);
    for (const auto& one : consumers_) {
      for (const PartitionId p : one->has) ++owners[static_cast<std::size_t>(p.value)];
    }
    for (const int count : owners) EXPECT_LE(count, 1);
  }
  /// Everybody looks, twice an interval, until nothing changes for a while.
  void settle() {
    int quiet = 0;
    for (int round = 0; quiet < 4 && round < 50; ++round) {
      bool changed = false;
      for (const auto& one : consumers_) {
        changed |= one->look();
        expect_disjoint();
      }
      quiet = changed ? 0 : quiet + 1;
      clock_.advance(options_.look_interval / 2);
    }
    EXPECT_EQ(quiet, 4) << "the group does not settle";
  }
  void expect_all_dealt() {
    std::size_t count = 0;
    for (const auto& one : consumers_) count += one->has.size();
    EXPECT_EQ(count, static_cast<std::size_t>(kPartitions));
    for (std::size_t rank = 0; rank < consumers_.size(); ++rank) {
      for (const PartitionId p : consumers_[rank]->has) {
        EXPECT_EQ(static_cast<std::size_t>(p.value) % consumers_.size(), rank);
      }
    }
  }
  std::vector<std::unique_ptr<Consumer>> consumers_;
};

TEST_F(MemberTest, who_is_alone_has_everything_at_the_first_look) {
  auto& one = add();
  ASSERT_TRUE(one.look());
  EXPECT_THAT(one.has, testing::SizeIs(kPartitions));
  EXPECT_FALSE(one.look());
  clock_.advance(options_.look_interval);
  EXPECT_FALSE(one.look()) << "nothing changed";
}

TEST_F(MemberTest, a_newcomer_gets_its_share_after_the_others_gave_it_up) {
  auto& one = add();
  settle();
  auto& two = add();
  EXPECT_FALSE(two.look()) << "everything is still claimed";
  clock_.advance(options_.look_interval);
  ASSERT_TRUE(one.look());
  EXPECT_EQ(one.has, partitions({0, 2, 4}));
  clock_.advance(options_.look_interval);
  EXPECT_FALSE(two.look()) << "told, but not yet given up";
  EXPECT_FALSE(one.look());  // gives up
  clock_.advance(options_.look_interval);
  ASSERT_TRUE(two.look());
  EXPECT_EQ(two.has, partitions({1, 3, 5}));
}

TEST_F(MemberTest, whoever_leaves_is_inherited_at_the_next_look) {
  add();
  auto& two = add();
  settle();
  consumers_.erase(consumers_.begin());
  clock_.advance(options_.look_interval);
  ASSERT_TRUE(two.look());
  settle();
  expect_all_dealt();
  EXPECT_EQ(files(), 1u);
}

TEST_F(MemberTest, members_beyond_the_partitions_wait_with_nothing) {
  for (int i = 0; i < kPartitions + 2; ++i) add();
  settle();
  EXPECT_THAT(consumers_.back()->has, IsEmpty());
  EXPECT_THAT(consumers_.front()->has, ElementsAre(PartitionId{0}));
}

TEST_F(MemberTest, comings_and_goings_leave_each_partition_with_one_and_at_last_with_its_own) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    for (int step = 0; step < 60; ++step) {
      const auto choice = random() % 8;
      if (choice == 0 && consumers_.size() < 8) add();
      if (choice == 1 && consumers_.size() > 1) {
        consumers_.erase(consumers_.begin() +
                         static_cast<std::ptrdiff_t>(random() % consumers_.size()));
      }
      for (const auto& one : consumers_) {
        one->member->beat();
        if (random() % 2 == 0) one->look();
        expect_disjoint();
      }
      clock_.advance(options_.look_interval / 2);
    }
    if (consumers_.empty()) add();
    settle();
    expect_all_dealt();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    consumers_.clear();
  }
}

TEST_F(MemberTest, who_does_not_beat_is_inherited_after_the_session_and_joins_anew) {
  auto& frozen = add();
  auto& other = add();
  settle();
  frozen.member->beat();
  for (int i = 0; i < 4; ++i) {
    other.look();
    EXPECT_EQ(other.has, partitions({1, 3, 5})) << "short of the time-out nothing changes hands";
    clock_.advance(options_.session_timeout / 4);
  }
  ASSERT_TRUE(other.look());
  EXPECT_THAT(other.has, testing::SizeIs(kPartitions));
  ASSERT_TRUE(frozen.look());
  EXPECT_THAT(frozen.has, IsEmpty()) << "it gives up at once";
  settle();
  EXPECT_EQ(frozen.has, partitions({1, 3, 5})) << "behind the one that stayed";
  EXPECT_EQ(other.has, partitions({0, 2, 4}));
}

TEST_F(MemberTest, a_beat_is_enough_while_a_batch_is_being_committed) {
  auto& busy = add();
  auto& other = add();
  settle();
  const auto had = busy.has;
  for (int i = 0; i < 20; ++i) {
    clock_.advance(options_.heartbeat_interval);
    busy.member->beat();
    other.look();
  }
  EXPECT_FALSE(busy.look());
  EXPECT_EQ(busy.has, had);
  expect_disjoint();
}

TEST_F(MemberTest, a_loop_that_stands_still_for_too_long_loses_its_place_though_its_thread_beats) {
  auto& stuck = add();
  auto& other = add();
  settle();
  const std::int64_t until =
      (options_.max_poll_interval + options_.session_timeout) / options_.heartbeat_interval;
  for (std::int64_t i = 0; i < until + 2; ++i) {
    clock_.advance(options_.heartbeat_interval);
    stuck.member->beat();
    other.look();
  }
  EXPECT_THAT(other.has, testing::SizeIs(kPartitions));
  ASSERT_TRUE(stuck.look());
  EXPECT_THAT(stuck.has, IsEmpty());
}

TEST_F(MemberTest, who_beats_but_does_not_look_is_waited_for_no_longer_than_a_session) {
  auto& busy = add();
  settle();
  auto& other = add();
  other.look();
  for (Micros waited{0}; waited < options_.session_timeout; waited += options_.look_interval) {
    EXPECT_THAT(other.has, IsEmpty());
    clock_.advance(options_.look_interval);
    busy.member->beat();
    other.look();
  }
  EXPECT_EQ(other.has, partitions({1, 3, 5}));
  busy.look();
  settle();
  expect_all_dealt();
}

TEST_F(MemberTest, a_file_without_its_process_is_nobody_and_is_removed) {
  auto& one = add();
  {
    std::ofstream left_over(folder_ + "/00000000000000000001-00000000.member");
    left_over << write_member({0, 1, std::vector<bool>(kPartitions, true)});
  }
  ASSERT_TRUE(one.look());
  EXPECT_THAT(one.has, testing::SizeIs(kPartitions));
  EXPECT_EQ(files(), 1u);
}

TEST_F(MemberTest, a_member_of_another_life_of_the_machine_is_nobody) {
  const std::int64_t now = clock_.now().value;
  ASSERT_TRUE(std::filesystem::create_directories(folder_));
  const auto old = *MemberFile::make(folder_, 1, {1, now, std::vector<bool>(kPartitions, true)});
  auto& one = add();
  ASSERT_TRUE(one.look());
  EXPECT_THAT(one.has, testing::SizeIs(kPartitions));
}

TEST_F(MemberTest, a_damaged_file_is_nobody) {
  auto& one = add();
  const auto rival = *MemberFile::make(folder_, 1, {});
  std::ofstream(folder_ + "/" + rival->name(), std::ios::in) << "rubbish";
  ASSERT_TRUE(one.look());
  EXPECT_THAT(one.has, testing::SizeIs(kPartitions));
}

TEST_F(MemberTest, who_finds_its_file_removed_gives_up_and_joins_anew) {
  auto& one = add();
  settle();
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  clock_.advance(options_.look_interval);
  ASSERT_TRUE(one.look());
  EXPECT_THAT(one.has, IsEmpty());
  settle();
  expect_all_dealt();
}

TEST_F(MemberTest, a_folder_that_fails_for_longer_than_a_session_costs_the_place) {
  auto& one = add();
  settle();
  std::filesystem::remove_all(folder_);
  std::ofstream(folder_) << "a file stands where the folder was";
  clock_.advance(options_.look_interval);
  EXPECT_FALSE(one.look());
  clock_.advance(options_.session_timeout);
  ASSERT_TRUE(one.look());
  EXPECT_THAT(one.has, IsEmpty());
  EXPECT_FALSE(one.look());
  std::filesystem::remove(folder_);
  settle();
  expect_all_dealt();
}

TEST_F(MemberTest, times_that_cannot_be_are_refused) {
  options_.heartbeat_interval = options_.session_timeout;
  EXPECT_EQ(GroupMember::join(folder_, 1, options_, clock_).error().code, ErrorCode::config);
  EXPECT_EQ(GroupMember::join(folder_, 0, {}, clock_).error().code, ErrorCode::config);
}

TEST(MemberBytes, what_is_written_is_read_and_nothing_damaged_passes) {
  for (const std::size_t count : {0u, 1u, 8u, 9u, 300u}) {
    MemberState state{17, -3, std::vector<bool>(count)};
    for (std::size_t p = 0; p < count; p += 3) state.claims[p] = true;
    const std::string bytes = write_member(state);
    EXPECT_THAT(read_member(bytes), Optional(state));
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 1);
      EXPECT_FALSE(read_member(damaged));
      EXPECT_FALSE(read_member(bytes.substr(0, at)));
    }
  }
}

}  // namespace
}  // namespace weir
