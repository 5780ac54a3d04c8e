// For tests of the file log: a disk in memory, a clock that stands still, and words for appending
// and reading.
#pragma once

#include "ingest/spool/file_log.h"
#include "ingest/spool/log_reader.h"
#include "ingest/spool/memory_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace weir {

inline constexpr PartitionId kFirst{0};
inline constexpr PartitionId kSecond{1};

inline Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

/// All records from `from` to the end, as texts; "error: …" ends them when reading fails.
std::vector<std::string> read_all(LogReader& reader, PartitionId partition,
                                  Offset from = Offset{0});

class LogTest : public testing::Test {
 protected:
  LogTest() {
    options_.folder = "log";
    options_.partitions = 2;
  }

  /// Opens the log, fails the test if it cannot; the old writer is gone first.
  void open();
  Result<std::unique_ptr<FileLog>> try_open() { return FileLog::open(disk_, options_, clock_); }
  Result<std::vector<Appended>> try_append(PartitionId partition,
                                           const std::vector<std::string>& values);
  Offset append(PartitionId partition, const std::string& value);
  /// What a new reader sees.
  std::vector<std::string> values(PartitionId partition, Offset from = Offset{0});
  std::unique_ptr<LogReader> reader();
  /// Everything that was not synced is lost.
  void power_fails() {
    log_.reset();
    disk_.power_fail([](std::uint64_t) { return 0; });
  }
  std::string tail_path(PartitionId partition);

  MemoryDisk disk_;
  ManualClock clock_{WallTime{1'700'000'000'000'000}};
  FileLogOptions options_;
  std::unique_ptr<FileLog> log_;
};

}  // namespace weir
