// FileLog: the writing end of the file log (R16), a stream in a folder of its own.
//
// A folder holds a log of some partitions; a partition is a row of segment files, each named by the
// offset of its first record (format.md has the bytes). append() puts records at the ends of
// partitions and returns when an fsync covers them; calls of several threads share one. Then the
// durable end H is published for readers (log_reader.h), who deliver nothing beyond it. The log is
// never cut below H.
//
// At open a torn tail is cut off: records beyond H whose append() never returned. Damage below H is
// error `integrity`, with partition, offset, file and byte, and nothing is skipped or repaired.
//
// After an append that failed nothing of it is in the log, and the log goes on (when there is space
// again, say). If it cannot be undone the error is `in_doubt`, and the log refuses everything with
// `unavailable` until it is opened anew. Threads: any, for every call.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/spool/log_disk.h"
#include "ingest/spool/retention.h"
#include "ingest/stream/sink.h"
#include "ingest/stream/source.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct FileLogOptions {
  std::string folder;  // made if it is not there
  /// Of a log that is made now; one that is there must have as many. 0: it must be there.
  std::int32_t partitions = 0;
  std::int64_t bytes_max = std::int64_t{1} << 30;       // all segments; beyond it append is `full`
  std::int64_t segment_bytes = std::int64_t{64} << 20;  // a new segment begins beyond this
  std::int64_t record_bytes_max = 8 << 20;              // longer is `invalid`
  std::int64_t group_bytes_max = 8 << 20;               // of one fsync; admits one call at least
};

/// A record as the log keeps it. The views live until append() returns.
struct LogRecord {
  PartitionId partition;
  std::string_view content_type;
  std::string_view key;
  std::string_view value;
  Origin origin = {};
};

class FileLog {
 public:
  /// Makes the log, or opens it and cuts what is torn. `disk` and `clock` outlive it. Errors:
  /// `conflict` (another writer has it), `integrity` (damage below H), `config` (another number of
  /// partitions, a bound that cannot be), and the disk's.
  static Result<std::unique_ptr<FileLog>> open(LogDisk& disk, const FileLogOptions& options,
                                               Clock& clock);
  ~FileLog();

  /// All of `records`, in their order within a partition; returns their places, in their order.
  /// Append times are the clock's, but never go back within a partition. Errors: `full` (bytes_max,
  /// or the volume), `invalid` (too long, no such partition), `unavailable` (nothing was appended),
  /// `in_doubt`. The deadline bounds the wait for the turn, not the fsync.
  Result<std::vector<Appended>> append(std::span<const LogRecord> records, Deadline deadline);

  /// Records below `offset` are no longer needed: segments that hold nothing else are removed (the
  /// newest one too, by beginning a new one, once it is large enough to matter).
  Status drop_before(PartitionId partition, Offset offset);

  /// Removes the oldest segments as `retention` says; `cursor`: for each partition the offset from
  /// which on records are still needed, or nothing (all are). An append that is `full` may succeed
  /// after it, with `retention.room` what it wants to append. Appends go on between two segments.
  Dropped retain(const Retention& retention, std::span<const Offset> cursor);

  /// [first record that is there, H).
  LogBounds bounds(PartitionId partition) const;
  std::int32_t partitions() const;
  /// Random, 32 hex digits, given when the log was made: two logs are never the same by chance.
  const std::string& id() const;
  const std::string& folder() const;
  /// Of all segments, as bytes_max counts them.
  std::int64_t bytes() const;
  /// It takes no more records until it is opened anew.
  bool is_broken() const;
  /// What open() cut off, a sentence for each partition, for the log of the process.
  const std::vector<std::string>& cut_at_open() const;

 private:
  struct State;
  explicit FileLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
