// PartitionLog: the writing end of one partition of a file log.
//
// A group is staged, written and synced, and then either settled and published, or undone. What is
// in between is seen by nobody else. The newest segment is the tail; everything in older ones is
// durable (format.md). Private to ingest/spool. Threads: one at a time (FileLog sees to it).
#pragma once

#include "ingest/spool/log_disk.h"
#include "ingest/spool/log_folder.h"
#include "ingest/spool/log_format.h"
#include "ingest/spool/segment_cursor.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

class PartitionLog {
 public:
  /// Recovers: finds the end, cuts off what is torn behind it, makes sure that the rest is durable.
  /// `ends` outlives it. Error `integrity`: records that were durable are damaged or gone.
  static Result<PartitionLog> open(LogDisk& disk, const std::string& folder, const LogId& log,
                                   PartitionId partition, LogFile& ends);

  /// Adds a record to the group in hand. `now` is the clock's.
  Appended stage(const LogRecord& record, AppendTime now);
  bool has_staged() const { return !staged_.empty(); }
  Status write();
  LogFile& tail() { return *tail_; }
  /// The group in hand is durable: it is part of the log.
  void settle();
  /// Gives up the group in hand, and cuts off what was written of it.
  Status undo();
  /// Tells readers.
  Status publish();

  /// A new tail. Nothing is staged. On error `in_doubt` the partition cannot be written any more.
  Status roll();
  /// Removes segments that hold nothing from `offset` on, never the tail. What a removal that failed
  /// left behind goes first.
  Status drop_before(Offset offset);
  /// The segment that begins with bounds().start.
  struct Oldest {
    Offset end;  // one behind its last record
    std::int64_t bytes = 0;
    AppendTime newest;  // append time of its last record, or later; without one, of no meaning
    bool is_tail = false;
  };
  Oldest oldest() const;
  /// Append time of the tail's first record; nothing when it has none.
  std::optional<AppendTime> tail_oldest() const { return tail_oldest_; }

  LogBounds bounds() const { return {start_, end_}; }
  std::int64_t tail_bytes() const { return segments_.back().bytes; }
  bool tail_is_empty() const { return segments_.back().first == end_; }
  std::int64_t bytes() const { return bytes_; }
  /// What open() cut off, for people; "" when nothing was.
  const std::string& cut() const { return cut_; }

 private:
  struct Segment {
    Offset first;
    std::int64_t bytes = 0;
    AppendTime newest = {};  // of its last record, or later; of the tail it is newest_
  };
  /// What recovery found in the newest segment.
  struct Tail {
    SegmentCursor cursor;  // behind the last whole record, at `end`
    std::uint64_t size = 0;
    AppendTime newest;
    std::optional<AppendTime> oldest;
    Offset durable;               // what its records say was durable
    const char* fault = nullptr;  // what is wrong with what stands behind
  };

  PartitionLog(LogDisk& disk, std::string folder, const LogId& log, PartitionId partition,
               LogFile& ends);
  Status recover();
  Error gone(Offset first) const;
  Status leave_out_unborn_tail(const std::optional<LogEnds>& known, std::vector<Offset>& firsts);
  Result<Tail> scan(Offset first);
  Status check_end(Tail& tail, const std::optional<LogEnds>& known);
  Status mend(Tail& tail, const std::optional<LogEnds>& known);
  Status measure(const std::vector<Offset>& firsts);

  // constant
  LogDisk* disk_;
  LogFile* ends_;
  std::string folder_;
  LogId log_;
  PartitionId partition_;

  std::deque<Segment> segments_;  // ascending; the last one is the tail, as far as it is durable
  std::unique_ptr<LogFile> tail_;
  Offset start_;  // segments below it are only not removed yet
  Offset end_;
  AppendTime newest_;  // append time of the last record
  std::optional<AppendTime> tail_oldest_;
  std::int64_t turn_ = 0;
  std::int64_t bytes_ = 0;  // of all segments
  std::string cut_;

  // the group in hand
  std::string staged_;
  Offset staged_end_;
  AppendTime staged_oldest_, staged_newest_;
  bool written_ = false;
};

}  // namespace weir
