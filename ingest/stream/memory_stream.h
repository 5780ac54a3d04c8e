// MemoryStream: the in-memory twin of a Kafka topic, for tests and simulation.
//
// A broker object with partitions; sources join it as members of one group (partitions are dealt
// round robin, and dealt anew whenever a member joins or leaves), sinks append to it. Append times
// come from the clock that is handed in. It fails on request and counts what it saw.
//
// Time does not pass in here: poll() never waits. Threads: any; one lock around everything. The
// stream outlives its sources and sinks.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/stream/record.h"
#include "ingest/stream/sink.h"
#include "ingest/stream/source.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir {

class MemorySource;

class MemoryStream {
 public:
  MemoryStream(std::int32_t partitions, Clock& clock);
  ~MemoryStream();

  /// A new member of the group. Leaves when destroyed.
  std::unique_ptr<Source> join();
  std::unique_ptr<RecordSink> sink();

  /// A foreign producer's record, key, headers and all; an empty header is none.
  Offset put(PartitionId partition, std::string_view content_type, std::string_view value,
             std::string_view key = {}, std::string_view origin_text = {},
             std::string_view redrive_text = {});

  // faults and what else happens to logs
  struct AppendFault {
    ErrorCode code = ErrorCode::unavailable;
    bool after_appending = false;  // the records are in, and the reply is lost
  };
  /// The next calls of append() fail so, in this order.
  void fail_appends(std::vector<AppendFault> faults);
  /// A producer that sends its next call's records twice, as a retry that is not idempotent does.
  void repeat_next_append();
  /// The next `count` polls of each source fail with `unavailable`.
  void fail_polls(int count);
  /// The next `count` calls of bounds, offset_at, anchor_at and partition_count fail.
  void fail_questions(int count);
  /// Retention: records below `start` are gone.
  void retain_from(PartitionId partition, Offset start);
  /// An unclean election: records from `end` on are gone, and their offsets are given anew.
  void truncate(PartitionId partition, Offset end);
  /// The topic is deleted and made anew under its name.
  void recreate();
  /// A transaction marker: takes an offset, is never delivered.
  void put_marker(PartitionId partition);
  /// An open transaction: `count` records that take offsets and hold back whatever comes behind,
  /// until end_transaction(); then they are aborted.
  void begin_transaction(PartitionId partition, int count);
  void end_transaction(PartitionId partition);
  void add_partitions(std::int32_t count);
  /// The old topic is put back: the last `count` partitions are gone, with what stood in them.
  void remove_partitions(std::int32_t count);
  /// The group gives this partition's owner everything anew (a rebalance).
  void rebalance();

  // a look from outside any group
  std::int32_t partitions() const;
  LogBounds bounds(PartitionId partition) const;
  std::optional<Anchor> anchor_at(PartitionId partition, Offset offset) const;

  struct Seen {
    std::int64_t appends = 0;  // calls of append()
    std::int64_t records = 0;  // in all logs, ever
    std::int64_t polls = 0;
    std::int64_t delivered = 0;  // records, by poll()
    std::int64_t rebalances = 0;
    std::int64_t pauses = 0, resumes = 0;
    std::map<PartitionId, Offset> published;
  };
  Seen seen() const;

 private:
  friend class MemorySource;
  friend class MemorySink;

  struct Entry {
    AppendTime append_time;
    std::string content_type, key, value;
    bool hidden = false;                    // a marker or an aborted record
    std::string origin_text, redrive_text;  // the headers of record.h
  };
  struct Log {
    Offset start, end;
    std::map<Offset, Entry> entries;
    std::optional<Offset> open_transaction;  // where it began: nothing from here on is delivered
    Offset stable_end() const { return open_transaction.value_or(end); }
  };

  Offset append_locked(PartitionId partition, Entry entry);
  void deal_locked();
  Status question_locked(PartitionId partition);
  Log& log(PartitionId partition) { return logs_.at(static_cast<std::size_t>(partition.value)); }
  const Log& log(PartitionId partition) const {
    return logs_.at(static_cast<std::size_t>(partition.value));
  }
  std::optional<Anchor> anchor_locked(PartitionId partition, Offset offset) const;

  Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows, and the state of all sources
  std::vector<Log> logs_;
  std::vector<MemorySource*> members_;
  std::vector<AppendFault> append_faults_;
  bool repeat_next_append_ = false;
  int failing_polls_ = 0;
  int failing_questions_ = 0;
  Seen seen_;
};

}  // namespace weir
