// What a FileLog is made of. Private to ingest/spool.
//
// Whoever sets `leading` is the leader: it alone touches the partitions and their files, without the
// mutex, until tell() publishes what changed and gives the turn on. Appends are led in file_log.cc,
// removals in file_log_retain.cc.
#pragma once

#include "ingest/spool/file_log.h"
#include "ingest/spool/partition_log.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir {

struct FileLog::State {
  /// A call of append() that waits for its fsync.
  struct Request {
    std::span<const LogRecord> records;
    std::int64_t bytes = 0;
    std::vector<Appended> places;
    std::optional<Error> error;
    bool taken = false;  // by a leader: the records are being read
    bool done = false;
  };
  using Group = std::vector<Request*>;

  State(LogDisk& of, const FileLogOptions& with, Clock& by) : disk(of), options(with), clock(by) {}

  // constant
  LogDisk& disk;
  const FileLogOptions options;
  Clock& clock;
  LogMeta meta;
  std::string id;
  std::vector<std::string> cut;
  std::unique_ptr<LogLock> folder_lock;

  // the leader's: whoever set `leading`
  std::unique_ptr<LogFile> ends;
  std::vector<PartitionLog> partitions;
  std::optional<Error> broken;

  mutable std::mutex mutex;
  std::condition_variable turn;
  bool leading = false;
  std::deque<Request*> queue;
  std::vector<LogBounds> bounds;  // as published
  std::int64_t bytes = 0;
  bool is_broken = false;

  Status check(std::span<const LogRecord> records) const;
  void lead(std::unique_lock<std::mutex>& lock);
  Group take_group();
  void commit(const Group& group);
  Status stage(Request& request, std::int64_t& room);
  Status make_durable(const std::vector<PartitionLog*>& touched);
  void give_up(const Group& group, const std::vector<PartitionLog*>& touched, Error why);
  Status roll(PartitionLog& partition);
  void break_log(const Error& why);
  void tell(std::unique_lock<std::mutex>& lock);

  // file_log_retain.cc
  /// Calls `work` as the leader.
  Status in_turn(const std::function<Status()>& work);
  Status drop(PartitionLog& partition, Offset offset);
  std::int64_t tail_worth(std::int64_t bytes_bound) const;

  /// One call of retain().
  struct Retaining {
    const Retention& retention;
    std::span<const Offset> cursor;
    std::vector<bool> stuck;  // by partition: its disk failed, and it is left alone
    Dropped dropped;

    void failed(std::size_t partition, const Status& why);
    void gone(std::size_t partition, Offset from, const PartitionLog::Oldest& oldest);
    Offset needed_from(std::size_t partition) const;
  };
  void begin_retaining(Retaining& retaining);
  std::vector<OldestSegment> oldest_segments(const Retaining& retaining) const;
  bool remove_next(Retaining& retaining);
};

}  // namespace weir
