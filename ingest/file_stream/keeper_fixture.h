// For tests of a kept log: one in a folder of its own, keepers here and in other processes, and what
// stands in it.
#pragma once

#include "base/digest.h"
#include "base/log.h"
#include "base/volume/durable_file.h"
#include "ingest/file_stream/file_stream_sink.h"
#include "ingest/file_stream/log_keeper.h"
#include "ingest/file_stream/new_log.h"
#include "ingest/spool/log_audit.h"
#include "ingest/spool/log_reader.h"
#include "ingest/spool/real_disk.h"

#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weir {

inline Deadline in_time() { return Deadline::in(std::chrono::seconds(30)); }

/// Asks until it is so; false after a minute.
inline bool eventually(const std::function<bool()>& so) {
  const Deadline until = Deadline::in(std::chrono::seconds(60));
  while (!so()) {
    if (until.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// A process that does `work` and ends, or is killed with its owner.
class Child {
 public:
  explicit Child(const std::function<void()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    work();
    ::_exit(0);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Child() {
    signal(SIGKILL);
    (void)wait();
  }
  pid_t pid() const { return pid_; }
  void signal(int number) {
    if (pid_ > 0) ::kill(pid_, number);
  }
  /// Its exit code, or -signal.
  int wait() {
    if (pid_ <= 0) return 0;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() {
    start_log("weir-test", "error", "json");
    root_ = std::filesystem::temp_directory_path() / ("weir-keeper-" + random_hex(8));
    folder_ = root_ + "/log";
    options_.log.folder = folder_;
    options_.try_every = std::chrono::milliseconds(20);
    options_.upkeep_every = std::chrono::milliseconds(20);
    options_.damage_every = std::chrono::milliseconds(50);
    EXPECT_TRUE(make_file_log(disk_, folder_, 2));
  }
  ~KeeperTest() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<LogKeeper> keeper(LogDisk& disk) {
    auto made = LogKeeper::open(disk, options_, system_clock(), metrics_);
    EXPECT_TRUE(made);
    (*made)->start();
    return *std::move(made);
  }
  std::unique_ptr<LogKeeper> keeper() { return keeper(disk_); }
  /// Waits until it has the log.
  std::unique_ptr<LogKeeper> keeper_with_log() {
    auto made = keeper();
    EXPECT_TRUE(eventually([&] { return made->kept().has_value(); }));
    return made;
  }
  /// Keeps the log, or waits for it, in a process of its own.
  Child keeper_process() {
    return Child([this] {
      auto made = keeper();
      while (true) ::pause();
    });
  }
  std::unique_ptr<FileStreamSink> sink(LogKeeper* own = nullptr,
                                       Micros timeout = std::chrono::minutes(5)) {
    auto made = FileStreamSink::open(disk_, folder_, timeout, own);
    EXPECT_TRUE(made) << made.error().text();
    return *std::move(made);
  }
  static Result<std::vector<Appended>> append(RecordSink& to, const std::string& value,
                                              Deadline deadline = in_time()) {
    const OutRecord record{PartitionId{0}, "text/plain", value};
    return to.append({&record, 1}, deadline);
  }
  /// What stands in the partition, read from outside.
  std::vector<std::string> values(const std::string& folder, PartitionId partition = {}) {
    std::vector<std::string> all;
    const Status read = walk_log(disk_, folder, partition, Offset{0}, [&](const StreamRecord& r) {
      all.emplace_back(r.value);
      return true;
    });
    EXPECT_TRUE(read) << read.error().text();
    return all;
  }
  std::vector<std::string> values(PartitionId partition = {}) { return values(folder_, partition); }
  /// Of the process that has the log's lock, as `lock` says.
  pid_t holder() const {
    const auto text = read_file(folder_ + "/lock", 32);
    return text ? static_cast<pid_t>(std::atol(text->c_str())) : 0;
  }

  std::string root_, folder_;
  RealDisk disk_;
  Metrics metrics_;
  LogKeeperOptions options_;
};

}  // namespace weir
