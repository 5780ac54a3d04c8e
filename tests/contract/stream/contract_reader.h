// A member of a group under test that keeps what it was told.
#pragma once

#include "tests/contract/stream/stream_under_test.h"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace weir {

inline Deadline soon() { return Deadline::in(std::chrono::seconds(20)); }

struct Got {
  PartitionId partition;
  Offset offset;
  AppendTime append_time;
  std::string content_type, key, value, digest;
  Origin origin;  // without its producer's text, which lives no longer than the poll
  std::string producer;
};

/// A member of the group that keeps what it was told.
class Reader {
 public:
  explicit Reader(StreamUnderTest& stream) : source(stream.join()) {}

  /// Polls until `done`, for twenty seconds at most.
  bool poll_until(const std::function<bool()>& done) {
    const Deadline deadline = soon();
    while (!done()) {
      if (deadline.passed()) return false;
      poll();
    }
    return true;
  }
  void poll();
  bool poll_until_held(std::size_t count) {
    return poll_until([&] { return held.size() == count; });
  }
  bool read(std::size_t count) {
    return poll_until([&] { return got.size() >= count; });
  }
  /// Polls often enough for a record to come if one would.
  void read_nothing() {
    const std::size_t before = got.size();
    for (int i = 0; i < 5; ++i) poll();
    EXPECT_EQ(got.size(), before);
  }
  std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (const Got& record : got) all.push_back(record.value);
    return all;
  }
  void start(PartitionId partition, Offset from) {
    const Status started = source->start(partition, from);
    EXPECT_TRUE(started) << started.error().text();
  }

  std::unique_ptr<Source> source;
  std::vector<PartitionId> held, unreadable;
  std::vector<Got> got;
  int revoked = 0;
};

}  // namespace weir
