// The stream of the simulation: a MemoryStream, whose every call steps, and what can befall a broker
// and its network. What is appended is told to Truth.
//
// SimSource is one consumer's membership; when its consumer was frozen for too long the group has
// gone on without it, and it joins anew at its next poll. SimSink loses replies, sends twice and lets
// batches land late. SimEye is billing's look from outside, which a deposed leader may answer.
#pragma once

#include "billing/stream_eye.h"
#include "ingest/stream/memory_stream.h"
#include "quota/operator/adopt.h"
#include "tests/simulation/engine.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/truth.h"

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace weir::simulation {

/// How often each fault had an effect.
using Struck = std::array<std::int64_t, kFaults>;
inline void strike(Struck& struck, Fault fault) { ++struck[static_cast<std::size_t>(fault)]; }

class SimStream {
 public:
  SimStream(Engine& engine, Process& broker, Truth& truth, Struck& struck, std::int32_t partitions);

  MemoryStream& log() { return log_; }
  Engine& engine() { return engine_; }
  std::uint64_t version() const { return version_; }  // changes with whatever a reader may wait for
  void changed() { ++version_; }

  // What may befall it, until a moment of true time.
  std::int64_t away_until_us = 0;
  std::int64_t slow_until_us = 0;
  std::set<std::int32_t> slow;  // partitions
  std::int64_t lies_until_us = 0;
  std::int64_t lie = 0;  // added to the ends that SimEye tells
  /// Of 100 appends: the reply is lost; it is sent twice; it lands minutes later.
  int lost_replies = 0, repeats = 0, late_landings = 0;

  bool away() const { return engine_.true_us() < away_until_us; }
  bool is_slow(PartitionId partition) const {
    return engine_.true_us() < slow_until_us && slow.contains(partition.value);
  }
  bool lies() const { return engine_.true_us() < lies_until_us; }

  /// What is applied, by partition, as the database says; for Truth.
  std::function<std::int64_t(std::int32_t partition)> applied;
  /// Partitions that lost what was applied: until an adoption nothing new of them is.
  std::set<std::int32_t> broken;
  void retain_from(std::int32_t partition, std::int64_t start);
  void truncate(std::int32_t partition, std::int64_t end);
  void recreate();
  void add_partition();
  void remove_partition();

  /// Appends at once; what every sink does in the end.
  std::vector<Appended> land(std::span<const OutRecord> records);
  Offset put(PartitionId partition, std::string_view content_type, std::string_view value,
             std::string_view key);
  Struck& struck() { return struck_; }

 private:
  Engine& engine_;
  ProcessClock clock_;
  Truth& truth_;
  Struck& struck_;
  MemoryStream log_;
  std::unique_ptr<RecordSink> sink_;
  std::uint64_t version_ = 0;
};

class SimSource : public Source {
 public:
  SimSource(SimStream& stream, Process& process);

  Result<Polled> poll(Micros timeout) override;
  Status start(PartitionId partition, Offset from) override;
  Status pause(std::span<const PartitionId> partitions) override;
  Status resume(std::span<const PartitionId> partitions) override;
  Result<Offset> position(PartitionId partition) override;
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override;
  Result<Offset> offset_at(PartitionId partition, AppendTime time, Deadline deadline) override;
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                          Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;
  void publish_position(PartitionId, Offset) override {}

  /// The group goes on without this member.
  void evict();

 private:
  Status ask(const char* where);
  Polled note(Polled polled);
  void apply_slowness();

  SimStream& stream_;
  std::unique_ptr<Source> inner_;  // null: evicted
  std::vector<PartitionId> held_, told_;
  std::set<std::int32_t> paused_, slowed_;
};

class SimSink : public RecordSink {
 public:
  explicit SimSink(SimStream& stream) : stream_(stream) {}
  Result<std::vector<Appended>> append(std::span<const OutRecord> records,
                                       Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;

 private:
  SimStream& stream_;
};

class SimEye : public StreamEye, public LogLook {
 public:
  explicit SimEye(SimStream& stream) : stream_(stream) {}
  Result<StreamLook> look(Deadline deadline) override;
  Result<std::optional<std::string>> digest_at(std::int32_t partition, std::int64_t offset,
                                               Deadline deadline) override;
  Result<std::string> cluster_id(Deadline deadline) override;
  Result<std::int32_t> partition_count(Deadline deadline) override;
  Result<LogBounds> bounds(PartitionId partition, Deadline deadline) override;
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                          Deadline deadline) override;

 private:
  Status ask(const char* where);
  SimStream& stream_;
};

}  // namespace weir::simulation
