// A control group for one side's processes: bounds on its memory and weight on its CPU time, in cgroup
// v1 and v2 alike.
//
//   Cgroup group({.memory_bytes = 64 << 20});
//   ChildProcess process(group.around({"/usr/bin/thing"}), log);
//   EXPECT_GT(group.oom_kills(), 0);
//
// v1: one folder a controller, below the test's own group where it can be seen, else at the top. v2: one
// folder, below the nearest group whose children have both controllers. Swap counts as memory where
// the kernel can say that. Needs root; what is missing is a failure whose words say what is needed,
// never a skip. Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

struct CgroupLimits {
  std::int64_t memory_bytes = 0;  // 0: no bound
  int cpu_weight = 0;             // in v2's scale, where everybody has 100; 0: as it is
  int cpu_percent = 0;            // of one core at the most; 0: no bound
};

/// One file of a group and what is written into it.
struct CgroupSetting {
  std::string controller;  // "memory" or "cpu"
  std::string file;
  std::string text;
  bool where_there_is_one = false;  // a kernel without it bounds nothing there
};
/// What version 1 or 2 calls these limits.
std::vector<CgroupSetting> cgroup_settings(int version, const CgroupLimits& limits);

class Cgroup {
 public:
  explicit Cgroup(const CgroupLimits& limits);
  /// Kills what is left in it, and removes it.
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  std::vector<std::string> folders() const;
  /// The command, so that it runs in the group from its first byte on.
  std::vector<std::string> around(const std::vector<std::string>& argv) const;
  /// Processes of the group that the kernel killed for want of memory.
  std::int64_t oom_kills() const;
  /// CPU time that the group has used.
  std::int64_t cpu_us() const;

 private:
  struct Folder {
    std::string controller;  // "" of v2: all of them
    std::string path;
  };
  void create(const std::string& name);
  void write(const CgroupLimits& limits);
  void remove();
  std::string folder_of(const std::string& controller) const;

  int version_ = 0;
  std::vector<Folder> folders_;
};

}  // namespace weir::test
