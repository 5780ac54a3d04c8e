// The file log's bytes (format.md): written and read here, and nowhere else. Values in, values out.
#pragma once

#include "ingest/spool/file_log.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

using LogId = std::array<char, 16>;
LogId random_log_id();
std::string to_hex(const LogId& id);

struct SegmentHeader {
  PartitionId partition;
  Offset first;
  AppendTime not_before;
};
inline constexpr std::size_t kSegmentHeaderBytes = 48;
std::string write_segment_header(const LogId& log, const SegmentHeader& header);
/// Nothing when it is no whole header of this log.
std::optional<SegmentHeader> read_segment_header(const LogId& log, std::string_view bytes);

/// What stands before a record's body, and the body without its texts and value.
inline constexpr std::size_t kRecordHeadBytes = 8;
inline constexpr std::size_t kRecordFixedBytes = 38;
inline constexpr std::size_t kRecordBodyMax = 64u << 20;

std::size_t record_bytes(const LogRecord& record);
/// Appends it to `out`. `durable`: H of the partition at this moment.
void write_record(const LogId& log, const LogRecord& record, Offset offset, AppendTime append_time,
                  Offset durable, std::string& out);

struct ReadRecord {
  const char* fault = nullptr;  // why it is no record; nullptr: it is one
  std::size_t bytes = 0;        // of the whole record; with a fault: of what must be there to judge
  bool ends_early = false;      // the fault: there are fewer than `bytes` bytes
  StreamRecord record;          // views into what was read
  Offset durable;
};
/// The record at the beginning of `bytes`, whatever its address.
ReadRecord read_record(const LogId& log, std::string_view bytes);

/// How far one partition is durable.
struct LogEnds {
  PartitionId partition;
  std::int64_t turn = 0;
  Offset start, end;
  Offset tail;  // first offset of the newest segment
  std::int64_t tail_bytes = 0;
  std::uint64_t boot = 0;  // of the machine's life in which this was written
};
inline constexpr std::size_t kSlotBytes = 72;
std::string write_slot(const LogId& log, const LogEnds& ends);
/// Where the next publication goes.
std::uint64_t slot_place(const LogEnds& ends);
/// Of the two slots of `partition`; nothing when neither is whole.
std::optional<LogEnds> read_slots(const LogId& log, PartitionId partition, std::string_view bytes);

struct LogMeta {
  LogId id{};
  std::int32_t partitions = 0;
};
std::string write_meta(const LogMeta& meta);
/// Error `integrity`: it is none, or of a format that this program does not know.
Result<LogMeta> read_meta(std::string_view text, const std::string& path);

std::string segment_name(Offset first);
/// Nothing when it is no segment's name.
std::optional<Offset> first_of_segment(std::string_view name);

}  // namespace weir
