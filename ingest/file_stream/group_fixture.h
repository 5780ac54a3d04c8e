// For tests of a group: its folder, its members, and a clock that several processes share.
#pragma once

#include "base/digest.h"
#include "ingest/file_stream/group_member.h"

#include <atomic>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace weir {

/// Memory that a process shares with its children. T needs no destructor.
template <class T>
class Shared {
 public:
  Shared() {
    void* memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    value_ = new (memory) T();
  }
  ~Shared() { ::munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

/// Stands still until told, in all processes at once.
class SharedClock : public Clock {
 public:
  WallTime now() override { return WallTime{*us_}; }
  std::chrono::steady_clock::time_point steady_now() override {
    return std::chrono::steady_clock::time_point(Micros(*us_));
  }
  void advance(Micros by) { *us_ += by.count(); }

 private:
  Shared<std::atomic<std::int64_t>> us_;
};

class GroupTest : public testing::Test {
 protected:
  GroupTest()
      : folder_(
            (std::filesystem::temp_directory_path() / ("weir-group-" + random_hex(8))).string()) {
    clock_.advance(std::chrono::hours(1));
  }
  ~GroupTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<GroupMember> join() {
    clock_.advance(Micros(1));  // so that ranks are in order of joining
    auto joined = GroupMember::join(folder_, kPartitions, options_, clock_);
    EXPECT_TRUE(joined) << joined.error().text();
    return *std::move(joined);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  static constexpr std::int32_t kPartitions = 6;
  const std::string folder_;
  SharedClock clock_;
  GroupOptions options_;
};

inline std::vector<PartitionId> partitions(std::initializer_list<std::int32_t> numbers) {
  std::vector<PartitionId> all;
  for (const std::int32_t number : numbers) all.push_back(PartitionId{number});
  return all;
}

}  // namespace weir
