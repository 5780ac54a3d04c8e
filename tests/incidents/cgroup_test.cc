// The control groups of the incidents do what they say, on this machine's version; and what they write
// for the other version is what that one calls it. Needs root.
#include "tests/incidents/cgroup.h"

#include "base/digest.h"
#include "tests/integration/child_process.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;

class Cgroups : public ::testing::Test {
 protected:
  ~Cgroups() override { std::filesystem::remove_all(folder_); }
  ChildProcess shell(const Cgroup& group, const std::string& script) {
    return {group.around({"/bin/sh", "-c", script}), folder_ + "/" + std::to_string(++started_)};
  }
  std::string make_folder() {
    std::string folder = std::filesystem::temp_directory_path() / ("weir-cgroup-" + random_hex(6));
    std::filesystem::create_directories(folder);
    return folder;
  }

  const std::string folder_ = make_folder();
  int started_ = 0;
};

std::vector<std::string> written(int version, const CgroupLimits& limits) {
  std::vector<std::string> out;
  for (const CgroupSetting& setting : cgroup_settings(version, limits)) {
    out.push_back(setting.file + "=" + setting.text);
  }
  return out;
}

TEST_F(Cgroups, each_version_is_told_in_its_own_words) {
  const CgroupLimits limits{1 << 20, 10, 50};
  EXPECT_THAT(written(1, limits),
              ElementsAre("memory.limit_in_bytes=1048576", "memory.memsw.limit_in_bytes=1048576",
                          "cpu.shares=102", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000"));
  EXPECT_THAT(written(2, limits), ElementsAre("memory.max=1048576", "memory.swap.max=0",
                                              "cpu.weight=10", "cpu.max=50000 100000"));
  EXPECT_THAT(written(2, {}), ElementsAre());
}

TEST_F(Cgroups, who_takes_more_memory_than_the_group_has_is_killed_by_the_kernel) {
  const Cgroup group({.memory_bytes = 32 << 20});
  EXPECT_EQ(group.oom_kills(), 0);
  ChildProcess modest = shell(group, "exit 3");
  EXPECT_EQ(modest.wait(seconds(30)), 3);
  EXPECT_EQ(group.oom_kills(), 0);
  // tail keeps the last line, which has no end.
  ChildProcess greedy = shell(group, "exec tail -n 1 /dev/zero");
  EXPECT_EQ(greedy.wait(seconds(60)), -SIGKILL);
  EXPECT_EQ(group.oom_kills(), 1);
}

TEST_F(Cgroups, a_group_with_a_small_weight_gets_little_of_a_busy_core) {
  const Cgroup little({.cpu_weight = 10}), much({.cpu_weight = 1000});
  const std::string burn = "exec timeout 60 taskset -c 0 sh -c 'while :; do :; done'";
  ChildProcess a = shell(little, burn), b = shell(much, burn);
  ASSERT_TRUE(eventually(seconds(60), [&] { return much.cpu_us() > 2'000'000; }));
  EXPECT_LT(little.cpu_us(), much.cpu_us() / 2);
}

TEST_F(Cgroups, a_group_that_is_gone_leaves_no_process_and_no_folder) {
  std::vector<std::string> folders;
  pid_t orphan = 0;
  {
    const Cgroup group({.memory_bytes = 32 << 20});
    folders = group.folders();
    ChildProcess parent = shell(group, "sleep 600 & echo $!; wait");
    ASSERT_TRUE(eventually(seconds(30), [&] { return !parent.out().empty(); }));
    orphan = static_cast<pid_t>(std::stoi(parent.out()));
    for (const std::string& folder : folders) EXPECT_TRUE(std::filesystem::exists(folder));
  }
  for (const std::string& folder : folders) EXPECT_FALSE(std::filesystem::exists(folder));
  const std::string state = read_whole("/proc/" + std::to_string(orphan) + "/stat");
  EXPECT_TRUE(state.empty() || state.find(") Z") != std::string::npos) << state;
}

}  // namespace
}  // namespace weir::test
