// FileLogSource: the reading end of a file log as a stream, in the writer's process or another.
//
// There is no broker to deal the partitions: the caller says which are this member's, all of them by
// default, and may deal anew with deal(). poll() takes from the partitions in turn; when there is
// nothing it sleeps until the writer publishes something, or until the time-out.
//
// When another log lies in the folder than the one that was opened, what is held is told as revoked and
// then as assigned, so that the caller loads it anew and verifies its anchors (R1); questions are
// `unavailable` until then.
//
// Errors of poll(): `integrity` (a record is damaged: says where; the same again at each call),
// `not_found` (the log was taken away), `unavailable` (the published ends cannot be read, or the
// volume). Call again after each. Threads: one.
#pragma once

#include "ingest/spool/log_reader.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

class FileLogSource : public Source {
 public:
  /// `not_found` when there is no log yet. `disk` outlives it.
  static Result<std::unique_ptr<FileLogSource>> open(LogDisk& disk, const std::string& folder);

  /// What was held is revoked, then those of `partitions` that the log has are assigned. What poll()
  /// has not told yet is not told any more.
  void deal(std::vector<PartitionId> partitions);
  /// poll() has something to tell without a look at the log.
  bool has_events() const { return !events_.empty(); }
  /// Of the log that is being read: their number, and its id.
  std::int32_t partitions() const { return reader_->partitions(); }
  std::string log_id() const { return reader_->id(); }

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
  /// Nobody asks for it here.
  void publish_position(PartitionId, Offset) override {}

 private:
  struct Held {
    bool started = false;
    bool paused = false;
    Offset position;
  };
  struct Event {
    Polled::Kind kind;
    std::vector<PartitionId> partitions;
  };

  FileLogSource(LogDisk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}
  Status open_log();
  void assign(std::vector<PartitionId> partitions);
  Status begin_anew();
  Status same_log() const;
  Polled tell(Event event);
  Result<Polled> look();
  Result<Polled> next_of(PartitionId partition, Held& held);

  LogDisk& disk_;
  const std::string folder_;
  std::unique_ptr<LogWatch> watch_;  // of the published ends
  std::unique_ptr<LogReader> reader_;
  std::unique_ptr<LogReader> asked_;  // for questions, so that they do not move the reading
  bool all_ = true;                   // nobody has dealt
  std::map<PartitionId, Held> held_;
  std::deque<Event> events_;
  std::vector<PartitionId> told_;  // what the last Polled spans
  PartitionId last_;               // delivery goes round
};

}  // namespace weir
