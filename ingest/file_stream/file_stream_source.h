// FileStreamSource: a consumer's end of a file log that several processes share (FileLogSource, dealt by
// a GroupMember).
//
// poll() looks into the group now and then and deals anew when its share changes; a thread beats
// meanwhile, however long a commit takes. There need be no log yet: poll() then says `nothing`, the log
// of the process says once what it waits for, and questions are `not_found`. The group is joined when
// the log is there, since its number of partitions must be known; a log of another number in its place
// makes the member leave and join anew.
//
// Errors of poll(): FileLogSource's, and the group folder's volume. Threads: one, save that it has its
// own.
#pragma once

#include "ingest/file_stream/group_member.h"
#include "ingest/spool/file_log_source.h"

#include <memory>
#include <string>
#include <thread>

namespace weir {

struct FileStreamOptions {
  std::string folder;        // of the log: read, never written
  std::string group_folder;  // on the consumer's own volume; made when it is needed
  GroupOptions group;
};

class FileStreamSource : public Source {
 public:
  /// `disk` and `clock` outlive it; `clock` may be asked by any thread.
  FileStreamSource(LogDisk& disk, FileStreamOptions options, Clock& clock);
  /// Leaves the group.
  ~FileStreamSource() override;

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

  /// Of the log that is being read; "" before there is one. What quota's cursor is stored under.
  std::string log_id() const { return source_ ? source_->log_id() : ""; }

 private:
  Status open_log();
  Status have_log();
  Status follow_group();
  Status join_group();
  Error no_log() const;

  LogDisk& disk_;
  const FileStreamOptions options_;
  Clock& clock_;
  bool said_waiting_ = false;
  std::unique_ptr<FileLogSource> source_;  // none: there is no log yet
  std::unique_ptr<GroupMember> member_;    // none: not joined yet
  std::jthread beats_;                     // of member_: ends before it
  int polls_since_look_ = 0;
};

}  // namespace weir
