// What an operator's mistake does to a topic: records deleted, partitions added. Through the broker's
// own admin calls; each ends the test when it fails, and returns when the broker has done it.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

namespace weir::test {

class TopicSurgery {
 public:
  TopicSurgery(std::string brokers, std::string topic);
  /// Records below `offset` are gone.
  void delete_records(std::int32_t partition, std::int64_t offset) const;
  void add_partitions(std::int32_t total) const;

 private:
  const std::string brokers_, topic_;
};

}  // namespace weir::test
