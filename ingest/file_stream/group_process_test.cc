// A group of real processes: killed, frozen, and coming and going against each other.
//
// The processes share a clock that stands still until the test moves it, so that what a lock tells and
// what time tells are told apart; each child works through its steps when the test asks for them.
#include "ingest/file_stream/group_fixture.h"

#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace weir {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// A process that looks whenever it is asked to, and says what it has then.
class Child {
 public:
  Child(const std::string& folder, std::int32_t partitions, const GroupOptions& options,
        SharedClock& clock) {
    pid_ = ::fork();
    EXPECT_GE(pid_, 0);
    if (pid_ == 0) ::_exit(run(folder, partitions, options, clock));
  }
  ~Child() { kill(); }
  void look() {
    const int before = shared_->done;
    ++shared_->asked;
    const Deadline deadline = Deadline::in(std::chrono::seconds(60));
    while (shared_->done == before && !deadline.passed()) std::this_thread::yield();
    ASSERT_NE(shared_->done, before) << "the child does not answer";
  }
  /// Bit p: it has partition p.
  std::uint64_t has() const { return shared_->has; }
  void freeze() {
    ::kill(pid_, SIGSTOP);
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, WUNTRACED), pid_);
    ASSERT_TRUE(WIFSTOPPED(status));
  }
  void wake() { ::kill(pid_, SIGCONT); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  struct State {
    std::atomic<int> asked{0}, done{0};
    std::atomic<std::uint64_t> has{0};
  };
  int run(const std::string& folder, std::int32_t partitions, const GroupOptions& options,
          SharedClock& clock) {
    const auto member = GroupMember::join(folder, partitions, options, clock);
    if (!member) return 1;
    for (int done = 0;; ++done) {
      while (shared_->asked == done) std::this_thread::yield();
      if (const auto dealing = (*member)->look()) {
        std::uint64_t has = 0;
        for (const PartitionId p : *dealing) has |= std::uint64_t{1} << p.value;
        shared_->has = has;
      }
      ++shared_->done;
    }
  }

  Shared<State> shared_;
  pid_t pid_ = 0;
};

class ProcessTest : public GroupTest {
 protected:
  static constexpr std::uint64_t kAll = (1 << kPartitions) - 1;
  /// Looks until this member and the child have everything between them, and nothing twice.
  void settle(GroupMember& mine, Child& child) {
    for (int i = 0; i < 10; ++i) {
      look(mine);
      child.look();
      EXPECT_EQ(has_ & child.has(), 0u);
      clock_.advance(options_.look_interval);
    }
    EXPECT_EQ(has_ | child.has(), kAll);
  }
  bool look(GroupMember& mine) {
    const auto dealing = mine.look();
    if (!dealing) return false;
    has_ = 0;
    for (const PartitionId p : *dealing) has_ |= std::uint64_t{1} << p.value;
    return true;
  }
  std::uint64_t has_ = 0;
};

TEST_F(ProcessTest, a_killed_process_is_inherited_at_the_next_look) {
  const auto mine = join();
  Child child(folder_, kPartitions, options_, clock_);
  child.look();
  settle(*mine, child);
  EXPECT_NE(child.has(), 0u);
  child.kill();
  ASSERT_TRUE(look(*mine)) << "its heartbeat is young, but its lock is gone";
  EXPECT_EQ(has_, kAll);
  EXPECT_EQ(files(), 1u);
}

TEST_F(ProcessTest, a_frozen_process_is_inherited_after_the_session_and_gives_up_on_waking) {
  const auto mine = join();
  Child child(folder_, kPartitions, options_, clock_);
  child.look();
  settle(*mine, child);
  child.look();
  child.freeze();
  const std::uint64_t before = has_;
  for (Micros frozen{0}; frozen + options_.heartbeat_interval < options_.session_timeout;
       frozen += options_.look_interval) {
    look(*mine);
    EXPECT_EQ(has_, before);
    clock_.advance(options_.look_interval);
  }
  clock_.advance(options_.heartbeat_interval);
  ASSERT_TRUE(look(*mine));
  EXPECT_EQ(has_, kAll);
  EXPECT_NE(child.has(), 0u) << "it does not know yet";
  child.wake();
  child.look();
  EXPECT_EQ(child.has(), 0u) << "it gives up at once";
  settle(*mine, child);
  EXPECT_NE(child.has(), 0u);
}

/// What all processes of the rush believe to own: never the same partition.
struct Owners {
  std::atomic<int> of[8] = {};
  std::atomic<int> clashes{0};
  std::atomic<int> dealings{0};

  void take(const std::vector<PartitionId>& now, std::vector<PartitionId>& before) {
    for (const PartitionId p : before) {
      if (std::find(now.begin(), now.end(), p) == now.end()) --of[p.value];
    }
    for (const PartitionId p : now) {
      const bool had = std::find(before.begin(), before.end(), p) != before.end();
      if (!had && ++of[p.value] > 1) ++clashes;
    }
    before = now;
    ++dealings;
  }
};

/// Joins, looks and leaves, again and again, as fast as it can.
int rush(const std::string& folder, Owners& owners, Clock& clock) {
  GroupOptions options;
  options.look_interval = Micros{0};
  for (int life = 0; life < 40; ++life) {
    const auto member = GroupMember::join(folder, 8, options, clock);
    if (!member) return 1;
    std::vector<PartitionId> has;
    for (int i = 0; i < 40 + life % 7; ++i) {
      if (const auto dealing = (*member)->look()) owners.take(*dealing, has);
    }
    owners.take({}, has);
  }
  return 0;
}

TEST_F(ProcessTest, processes_that_come_and_go_at_once_never_have_the_same_partition) {
  constexpr int kProcesses = 4;
  Shared<Owners> owners;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(::fork());
    ASSERT_GE(children.back(), 0);
    if (children.back() == 0) ::_exit(rush(folder_, *owners, clock_));
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(owners->clashes, 0);
  EXPECT_GT(owners->dealings, kProcesses * 40);
  const auto last = join();
  EXPECT_THAT(*last->look(), SizeIs(kPartitions)) << "and nobody is left";
}

}  // namespace
}  // namespace weir
