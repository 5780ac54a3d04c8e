#include "ingest/spool/segment_cursor.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kChunk = 128 << 10;

}  // namespace

Error damaged_record(PartitionId partition, Offset offset, const std::string& path,
                     std::uint64_t byte, std::string_view why) {
  return {ErrorCode::integrity,
          "record " + std::to_string(offset.value) + " of partition " +
              std::to_string(partition.value) + ", at byte " + std::to_string(byte) + " of " +
              path + ": " + std::string(why),
          "it was acknowledged: restore the file from a copy, or move the log's folder away and "
          "account for what it held"};
}

SegmentCursor::SegmentCursor(std::unique_ptr<LogFile> file, std::string path, const LogId& log)
    : file_(std::move(file)), path_(std::move(path)), log_(log) {}

Result<SegmentCursor> SegmentCursor::open(LogDisk& disk, const std::string& path, const LogId& log,
                                          PartitionId partition, Offset first, OpenFor use) {
  Result<std::unique_ptr<LogFile>> file = disk.open(path, use);
  if (!file) return file.error();
  SegmentCursor cursor(*std::move(file), path, log);
  cursor.header_.partition = partition;
  cursor.header_.first = cursor.next_ = first;
  const Result<std::string_view> bytes = cursor.view(kSegmentHeaderBytes, kSegmentHeaderBytes);
  if (!bytes) return bytes.error();
  const std::optional<SegmentHeader> header = read_segment_header(log, *bytes);
  if (!header) return cursor.damage("the segment's header is damaged");
  if (header->partition != partition || header->first != first) {
    return cursor.damage("the segment's header bears another address");
  }
  cursor.header_ = *header;
  cursor.at_ = kSegmentHeaderBytes;
  return cursor;
}

Result<std::string_view> SegmentCursor::view(std::size_t wanted, std::uint64_t limit) {
  const std::uint64_t there = limit > at_ ? limit - at_ : 0;
  wanted = std::min<std::size_t>(wanted, there);
  const std::uint64_t held_until = buffer_at_ + buffer_.size();
  if (at_ < buffer_at_ || at_ + wanted > held_until) {
    buffer_.resize(std::min<std::size_t>(std::max(wanted, kChunk), there));
    buffer_at_ = at_;
    const Result<std::size_t> got = file_->read(at_, buffer_);
    if (!got) {
      buffer_.clear();
      return got.error();
    }
    buffer_.resize(*got);
  }
  return std::string_view(buffer_).substr(at_ - buffer_at_, wanted);
}

Result<SegmentStep> SegmentCursor::next(std::uint64_t limit) {
  if (at_ >= limit) return SegmentStep{};
  std::size_t wanted = kRecordHeadBytes;
  ReadRecord read;
  for (int round = 0; round < 2; ++round) {
    const Result<std::string_view> bytes = view(wanted, limit);
    if (!bytes) return bytes.error();
    read = read_record(log_, *bytes);
    if (!read.ends_early || bytes->size() < wanted) break;
    wanted = read.bytes;  // the head says how many more it takes
  }
  const StreamRecord& record = read.record;
  if (!read.fault && (record.partition != header_.partition || record.offset != next_)) {
    read.fault = "it bears the address of another record";
  }
  if (read.fault) return SegmentStep{SegmentStep::Kind::fault, read};
  at_ += read.bytes;
  ++next_;
  return SegmentStep{SegmentStep::Kind::record, read};
}

Error SegmentCursor::damage(std::string_view why) const {
  return damaged_record(header_.partition, next_, path_, at_, why);
}

}  // namespace weir
