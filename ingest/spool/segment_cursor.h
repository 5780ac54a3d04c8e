// SegmentCursor: goes through one segment file, record by record, within a limit of bytes.
//
// Every record is checked (checksum, and that it bears the address that its place gives it). What is
// wrong is told with partition, offset, file and byte. Views into a record live until the next call.
// Threads: one.
#pragma once

#include "ingest/spool/log_disk.h"
#include "ingest/spool/log_format.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

struct SegmentStep {
  enum class Kind {
    record,  // `read`
    end,     // the limit
    fault,   // `read.fault` says what is wrong with the next record; the cursor stands still
  };
  Kind kind = Kind::end;
  ReadRecord read;
};

class SegmentCursor {
 public:
  /// Opens the segment of `partition` that begins with `first`, and checks its header; `integrity`
  /// when it is none.
  static Result<SegmentCursor> open(LogDisk& disk, const std::string& path, const LogId& log,
                                    PartitionId partition, Offset first, OpenFor use);

  /// The record at the cursor, which then stands behind it. Nothing at or beyond byte `limit` is
  /// read: what a reader may not see yet may still change.
  Result<SegmentStep> next(std::uint64_t limit);

  /// Of the next record.
  Offset offset() const { return next_; }
  std::uint64_t byte() const { return at_; }
  const SegmentHeader& header() const { return header_; }
  LogFile& file() { return *file_; }
  std::unique_ptr<LogFile> release() { return std::move(file_); }
  /// Error `integrity` for what stands at the cursor.
  Error damage(std::string_view why) const;

 private:
  SegmentCursor(std::unique_ptr<LogFile> file, std::string path, const LogId& log);
  /// Bytes from the cursor on: `wanted` of them, or as many as there are below `limit`.
  Result<std::string_view> view(std::size_t wanted, std::uint64_t limit);

  std::unique_ptr<LogFile> file_;
  std::string path_;
  LogId log_;
  SegmentHeader header_;
  Offset next_;
  std::uint64_t at_ = 0;

  std::string buffer_;  // the file's bytes from buffer_at_ on
  std::uint64_t buffer_at_ = 0;
};

/// "record 17 of partition 0, at byte 1234 of /spool/0/…seg: its checksum is wrong"
Error damaged_record(PartitionId partition, Offset offset, const std::string& path,
                     std::uint64_t byte, std::string_view why);

}  // namespace weir
