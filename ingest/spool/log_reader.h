// LogReader: reads records of a file log by their addresses, in the writer's process or another.
//
// It sees what the writer has published as durable (H), and nothing beyond. Reading on from one
// offset to the next costs no seek; any other offset is found from the beginning of its segment.
// The writer may append and drop segments meanwhile; it need not run at all.
//
// Errors: `integrity` (a record below H is damaged or gone: says partition, offset, file and byte),
// `unavailable` (the published ends cannot be read: torn by a power failure, and no writer has
// opened the log since), and the disk's. Threads: one.
#pragma once

#include "base/result.h"
#include "ingest/spool/log_disk.h"
#include "ingest/stream/source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace weir {

class LogReader {
 public:
  /// `not_found` when there is no log yet. `disk` outlives it.
  static Result<std::unique_ptr<LogReader>> open(LogDisk& disk, const std::string& folder);
  ~LogReader();

  /// [first record that is there, H), as published at this moment.
  Result<LogBounds> bounds(PartitionId partition);
  /// The record at `offset`; its views live until the next read() of this reader. Nothing when
  /// `offset` is H or beyond. `not_found` when it was dropped.
  Result<std::optional<StreamRecord>> read(PartitionId partition, Offset offset);
  /// The record at exactly `offset` as an anchor (R1); nullopt when none stands there.
  Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset);
  /// An offset before which every record is older than `time`: where a segment begins. Reads no records.
  Result<Offset> older_before(PartitionId partition, AppendTime time);
  /// First offset whose record has append time >= `time`; H when there is none.
  Result<Offset> offset_at(PartitionId partition, AppendTime time);

  /// False: another log lies in the folder now, and this one is read no further than it was written.
  /// `not_found`: none does.
  Result<bool> lies_there() const;

  std::int32_t partitions() const;
  std::string id() const;

 private:
  struct State;
  explicit LogReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
