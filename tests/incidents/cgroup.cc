#include "tests/incidents/cgroup.h"

#include "base/digest.h"
#include "tests/integration/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace weir::test {
namespace {

namespace fs = std::filesystem;

constexpr int kEverybodysWeight = 100, kEverybodysShares = 1024, kLeastShares = 2;
constexpr std::int64_t kCpuPeriodUs = 100'000;
// cpuacct has no limits: it only counts.
const std::vector<std::string> kControllers = {"memory", "cpu", "cpuacct"};

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(
      what +
      ": these tests need root and writable control groups with the controllers memory and cpu "
      "(v1: /sys/fs/cgroup/memory, cpu and cpuacct; v2: both in cgroup.controllers of a group "
      "whose children may have them; in a container: --privileged)");
}

bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string each; words >> each;) {
    if (each == word) return true;
  }
  return false;
}

bool try_write(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(file);
  errno = error;
  return written;
}

/// Where each controller of v1 is mounted; "" names v2.
std::map<std::string, std::string> mounts() {
  std::map<std::string, std::string> found;
  std::ifstream lines("/proc/mounts");
  for (std::string device, folder, type, options, rest;
       lines >> device >> folder >> type >> options && std::getline(lines, rest);) {
    if (type == "cgroup2") found[""] = folder;
    if (type != "cgroup") continue;
    std::replace(options.begin(), options.end(), ',', ' ');
    for (const std::string& controller : kControllers) {
      if (has_word(options, controller)) found[controller] = folder;
    }
  }
  return found;
}

/// The group that this process is in, as its controller's mount shows it.
std::string own_group(const std::string& mount, const std::string& controller) {
  std::ifstream lines("/proc/self/cgroup");  // "4:memory:/a/b", "0::/a/b"
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    std::string names = line.substr(first + 1, second - first - 1);
    std::replace(names.begin(), names.end(), ',', ' ');
    if (controller.empty() ? !names.empty() : !has_word(names, controller)) continue;
    const std::string folder = mount + line.substr(second + 1);
    if (fs::is_directory(folder)) return folder;
  }
  return mount;
}

bool gives_both(const std::string& folder) {
  const std::string given = read_whole(folder + "/cgroup.subtree_control");
  return has_word(given, "memory") && has_word(given, "cpu");
}

/// The nearest group of v2, from the own one upwards, whose children have both controllers. The one
/// at the top may be given them; others hold processes, and then may not.
std::string v2_parent(const std::string& mount) {
  for (fs::path folder = own_group(mount, "");; folder = folder.parent_path()) {
    if (gives_both(folder)) return folder;
    if (folder == fs::path(mount) || folder == folder.root_path()) break;
  }
  (void)try_write(mount + "/cgroup.subtree_control", "+memory +cpu");
  if (!gives_both(mount)) refuse("no group of " + mount + " may give memory and cpu to another");
  return mount;
}

/// The number behind `key` in lines of "key number".
std::int64_t number_of(const std::string& path, const std::string& key) {
  std::istringstream words(read_whole(path));
  std::string word;
  for (std::int64_t number = 0; words >> word >> number;) {
    if (word == key) return number;
  }
  throw std::runtime_error("no " + key + " in " + path);
}

}  // namespace

std::vector<CgroupSetting> cgroup_settings(int version, const CgroupLimits& limits) {
  std::vector<CgroupSetting> out;
  if (limits.memory_bytes > 0) {
    const std::string bytes = std::to_string(limits.memory_bytes);
    if (version == 1) {
      out.push_back({"memory", "memory.limit_in_bytes", bytes});
      out.push_back({"memory", "memory.memsw.limit_in_bytes", bytes, true});
    } else {
      out.push_back({"memory", "memory.max", bytes});
      out.push_back({"memory", "memory.swap.max", "0", true});
    }
  }
  if (limits.cpu_weight > 0) {
    const int shares = limits.cpu_weight * kEverybodysShares / kEverybodysWeight;
    out.push_back(
        version == 1
            ? CgroupSetting{"cpu", "cpu.shares", std::to_string(std::max(kLeastShares, shares))}
            : CgroupSetting{"cpu", "cpu.weight", std::to_string(limits.cpu_weight)});
  }
  if (limits.cpu_percent > 0) {
    const std::int64_t quota_us = kCpuPeriodUs * limits.cpu_percent / 100;
    if (version == 1) {
      out.push_back({"cpu", "cpu.cfs_period_us", std::to_string(kCpuPeriodUs)});
      out.push_back({"cpu", "cpu.cfs_quota_us", std::to_string(quota_us)});
    } else {
      out.push_back({"cpu", "cpu.max", fmt::format("{} {}", quota_us, kCpuPeriodUs)});
    }
  }
  return out;
}

Cgroup::Cgroup(const CgroupLimits& limits) {
  try {
    create("weir-test-" + random_hex(6));
    write(limits);
  } catch (...) {
    remove();
    throw;
  }
}

void Cgroup::write(const CgroupLimits& limits) {
  for (const CgroupSetting& setting : cgroup_settings(version_, limits)) {
    const std::string path = folder_of(setting.controller) + "/" + setting.file;
    if (setting.where_there_is_one && !fs::exists(path)) continue;
    if (!try_write(path, setting.text)) refuse("writing " + path + ": " + std::strerror(errno));
  }
}

void Cgroup::create(const std::string& name) {
  const auto mounted = mounts();
  if (mounted.contains("memory") && mounted.contains("cpu") && mounted.contains("cpuacct")) {
    version_ = 1;
    for (const std::string& controller : kControllers) {
      const std::string& mount = mounted.at(controller);
      folders_.push_back({controller, own_group(mount, controller) + "/" + name});
    }
  } else if (mounted.contains("")) {
    version_ = 2;
    folders_.push_back({"", v2_parent(mounted.at("")) + "/" + name});
  } else {
    refuse("no control groups are mounted");
  }
  for (const Folder& folder : folders_) {
    // Controllers that are mounted as one have one folder.
    std::error_code error;
    fs::create_directory(folder.path, error);
    if (error) refuse("creating " + folder.path + ": " + error.message());
  }
}

Cgroup::~Cgroup() { remove(); }

void Cgroup::remove() {
  for (const Folder& folder : folders_) {
    (void)eventually(std::chrono::seconds(10), [&] {
      std::istringstream members(read_whole(folder.path + "/cgroup.procs"));
      for (pid_t pid = 0; members >> pid;) ::kill(pid, SIGKILL);
      return ::rmdir(folder.path.c_str()) == 0 || errno == ENOENT;
    });
  }
}

std::string Cgroup::folder_of(const std::string& controller) const {
  for (const Folder& folder : folders_) {
    if (folder.controller == controller || folder.controller.empty()) return folder.path;
  }
  throw std::runtime_error("no folder of the controller " + controller);
}

std::vector<std::string> Cgroup::folders() const {
  std::vector<std::string> out;
  for (const Folder& folder : folders_) out.push_back(folder.path);
  return out;
}

std::vector<std::string> Cgroup::around(const std::vector<std::string>& argv) const {
  std::string script;
  for (const Folder& folder : folders_) {
    script += fmt::format("echo $$ >'{}/cgroup.procs' || exit 125\n", folder.path);
  }
  std::vector<std::string> words = {"/bin/sh", "-c", script + "exec \"$@\"", "cgroup"};
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

std::int64_t Cgroup::oom_kills() const {
  const char* file = version_ == 1 ? "/memory.oom_control" : "/memory.events";
  return number_of(folder_of("memory") + file, "oom_kill");
}

std::int64_t Cgroup::cpu_us() const {
  if (version_ == 2) return number_of(folder_of("cpu") + "/cpu.stat", "usage_usec");
  return std::stoll(read_whole(folder_of("cpuacct") + "/cpuacct.usage")) / 1000;
}

}  // namespace weir::test
