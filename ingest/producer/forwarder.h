// Forwarder: takes records from a spool to a stream, in order, each with its number. Private to this
// folder.
//
// step() sends one batch: records of all partitions by turns, up to the bounds. What the stream
// left in doubt is sent again with the same numbers. When a batch is refused or in doubt the next
// one is half as long, down to one record; when that one is refused (`invalid`: the stream can never
// take it) it is kept in folder/rejects and a void record goes in its place, with its number.
//
// The cursor in memory is what the stream has acknowledged; the one on the disk lags by an interval,
// and segments below it are dropped from the spool. Threads: one.
#pragma once

#include "base/metrics.h"
#include "base/time.h"
#include "ingest/producer/producer.h"
#include "ingest/spool/file_log.h"
#include "ingest/spool/log_reader.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir {

class Forwarder {
 public:
  struct Parts {
    LogDisk& disk;
    FileLog& log;
    const ProducerOptions& options;
    Clock& clock;
    Counter& forwarded;
    Counter& voided;
    /// Append time of the oldest record that waits, as far as is known; 0: none waits.
    std::atomic<std::int64_t>& oldest_waiting_us;
    std::string producer;
    std::int64_t epoch = 1;
  };
  /// Error `integrity` when the spool ends before what was forwarded: it is not the one that was.
  static Result<std::unique_ptr<Forwarder>> open(Parts parts);

  /// True: a batch was sent and acknowledged; false: there is nothing to send.
  Result<bool> step(RecordSink& sink, Deadline deadline);
  /// Everything up to `ends` is acknowledged.
  bool passed(const std::vector<Offset>& ends) const;
  const std::vector<Offset>& cursor() const { return cursor_; }
  /// Puts the cursor on the disk, if it moved, and drops what lies behind.
  Status save_cursor();

 private:
  struct Waiting {
    StreamRecord record;  // without its texts
    std::string content_type, value;
  };
  explicit Forwarder(Parts parts, std::unique_ptr<LogReader> reader, std::vector<Offset> cursor);
  Status read_batch();
  Status read_partition(PartitionId partition);
  OutRecord numbered(const Waiting& waiting) const;
  void advance();
  Result<bool> refused(RecordSink& sink, const Error& error, Deadline deadline);
  Status keep_rejected(const Waiting& waiting, const Error& why);

  const Parts parts_;
  const std::unique_ptr<LogReader> reader_;
  std::vector<Offset> cursor_, saved_;
  std::chrono::steady_clock::time_point saved_at_;
  std::size_t limit_;      // records of the next batch
  std::size_t first_ = 0;  // partition that is served first
  std::vector<Waiting> batch_;
  std::int64_t batch_bytes_ = 0;
};

}  // namespace weir
