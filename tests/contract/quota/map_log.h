// A log that is a map, for tests of what an operator's plan makes of it.
#pragma once

#include "quota/operator/adopt.h"

#include <map>
#include <string>
#include <vector>

namespace weir {

constexpr std::int64_t kMinute = 60'000'000;

/// Records by partition and offset. Each is known by its digest.
class MapLog : public LogLook {
 public:
  struct Partition {
    Offset start{0}, end{0};
    std::map<Offset, Anchor> records;
  };
  std::vector<Partition> partitions;
  std::string cluster = "cluster-1";

  /// Record i was appended at i minutes and bears the digest `life`-i.
  void fill(std::int32_t partition, std::int64_t from, std::int64_t to, const std::string& life,
            std::int64_t first_minute) {
    Partition& log = partitions[static_cast<std::size_t>(partition)];
    for (std::int64_t i = from; i < to; ++i) {
      log.records[Offset{i}] = {Offset{i}, life + "-" + std::to_string(i),
                                AppendTime{(first_minute + i - from) * kMinute}};
    }
    log.end = Offset{to};
  }
  void truncate(std::int32_t partition, std::int64_t to) {
    Partition& log = partitions[static_cast<std::size_t>(partition)];
    log.records.erase(log.records.lower_bound(Offset{to}), log.records.end());
    log.end = Offset{to};
  }

  Result<std::string> cluster_id(Deadline) override { return cluster; }
  Result<std::int32_t> partition_count(Deadline) override {
    return static_cast<std::int32_t>(partitions.size());
  }
  Result<LogBounds> bounds(PartitionId partition, Deadline) override {
    const Partition& log = partitions[static_cast<std::size_t>(partition.value)];
    return LogBounds{log.start, log.end};
  }
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset, Deadline) override {
    const Partition& log = partitions[static_cast<std::size_t>(partition.value)];
    const auto found = log.records.find(offset);
    if (found == log.records.end()) return std::optional<Anchor>();
    return std::optional<Anchor>(found->second);
  }
};

}  // namespace weir
