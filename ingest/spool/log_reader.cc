#include "ingest/spool/log_reader.h"

#include "ingest/spool/log_folder.h"
#include "ingest/spool/segment_cursor.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace weir {
namespace {

Error dropped(PartitionId partition, Offset offset, Offset start) {
  return {ErrorCode::not_found,
          "record " + std::to_string(offset.value) + " of partition " +
              std::to_string(partition.value) + " was dropped; the first one there is " +
              std::to_string(start.value),
          ""};
}

Error no_log(const std::string& folder, Error why) {
  if (why.code != ErrorCode::not_found) return why;
  return {ErrorCode::not_found, "there is no log in " + folder,
          "start the process that writes it, or name another folder in the settings"};
}

}  // namespace

struct LogReader::State {
  struct Place {
    LogEnds ends;                         // as last read
    std::optional<SegmentCursor> cursor;  // in one of the segments
  };

  State(LogDisk& on, std::string in, LogMeta of) : disk(on), folder(std::move(in)), meta(of) {}

  LogDisk& disk;
  const std::string folder;
  const LogMeta meta;
  std::unique_ptr<LogFile> ends;
  std::vector<Place> places;

  Status refresh(PartitionId partition);
  Result<std::vector<Offset>> segments(PartitionId partition, const LogEnds& ends);
  Result<SegmentCursor> open_segment(PartitionId partition, Offset first);
  Status seek(PartitionId partition, Offset offset);
  Result<std::uint64_t> limit_of(Place& place);
  Result<std::optional<StreamRecord>> next(PartitionId partition);
  Result<std::optional<StreamRecord>> read_known(PartitionId partition, Offset offset);
  Error no_such(PartitionId partition) const {
    return {ErrorCode::not_found, folder + " has no partition " + std::to_string(partition.value),
            ""};
  }
};

Result<std::unique_ptr<LogReader>> LogReader::open(LogDisk& disk, const std::string& folder) {
  const Result<LogMeta> meta = load_meta(disk, folder);
  if (!meta) return no_log(folder, meta.error());
  auto state = std::make_unique<State>(disk, folder, *meta);
  auto ends = disk.open(ends_path(folder), OpenFor::reading);
  if (!ends) return no_log(folder, ends.error());
  state->ends = *std::move(ends);
  state->places.resize(static_cast<std::size_t>(meta->partitions));
  return std::unique_ptr<LogReader>(new LogReader(std::move(state)));
}

LogReader::LogReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogReader::~LogReader() = default;
std::int32_t LogReader::partitions() const { return state_->meta.partitions; }
std::string LogReader::id() const { return to_hex(state_->meta.id); }

Result<bool> LogReader::lies_there() const {
  const Result<LogMeta> meta = load_meta(state_->disk, state_->folder);
  if (!meta) return no_log(state_->folder, meta.error());
  return meta->id == state_->meta.id;
}

/// Reads what is published now.
Status LogReader::State::refresh(PartitionId partition) {
  if (partition.value < 0 || partition.value >= meta.partitions) return no_such(partition);
  const auto read = load_ends(*ends, meta.id, partition);
  if (!read) return read.error();
  if (*read && (*read)->boot == disk.boot()) {
    places[static_cast<std::size_t>(partition.value)].ends = **read;
    return {};
  }
  return Error{ErrorCode::unavailable,
               folder + ": since this machine started, no writer has opened the log",
               "start the process that writes it"};
}

Result<LogBounds> LogReader::bounds(PartitionId partition) {
  WEIR_TRY(state_->refresh(partition));
  const LogEnds& ends = state_->places[static_cast<std::size_t>(partition.value)].ends;
  return LogBounds{ends.start, ends.end};
}

/// Those that hold published records, and the tail.
Result<std::vector<Offset>> LogReader::State::segments(PartitionId partition, const LogEnds& at) {
  auto firsts = list_segments(disk, folder, partition);
  if (!firsts) return firsts.error();
  std::erase_if(*firsts, [&](Offset first) { return at.tail < first; });
  if (!firsts->empty()) return firsts;
  return damaged_record(partition, at.tail, segment_path(folder, partition, at.tail), 0,
                        "the segment is gone");
}

Result<SegmentCursor> LogReader::State::open_segment(PartitionId partition, Offset first) {
  return SegmentCursor::open(disk, segment_path(folder, partition, first), meta.id, partition,
                             first, OpenFor::reading);
}

/// Up to where the segment in hand may be read.
Result<std::uint64_t> LogReader::State::limit_of(Place& place) {
  if (place.cursor->header().first == place.ends.tail) {
    return static_cast<std::uint64_t>(place.ends.tail_bytes);
  }
  return place.cursor->file().size();
}

/// Puts the cursor before `offset`, which is published and not dropped.
Status LogReader::State::seek(PartitionId partition, Offset offset) {
  Place& place = places[static_cast<std::size_t>(partition.value)];
  place.cursor.reset();
  const auto firsts = segments(partition, place.ends);
  if (!firsts) return firsts.error();
  const auto behind = std::upper_bound(firsts->begin(), firsts->end(), offset);
  if (behind == firsts->begin()) {
    return damaged_record(partition, offset, segment_path(folder, partition, offset), 0,
                          "the segment is gone");
  }
  auto cursor = open_segment(partition, *(behind - 1));
  if (!cursor) return cursor.error();
  place.cursor = *std::move(cursor);
  while (place.cursor->offset() < offset) {
    const auto passed = next(partition);
    if (!passed) return passed.error();
  }
  return {};
}

/// The record at the cursor, which is published.
Result<std::optional<StreamRecord>> LogReader::State::next(PartitionId partition) {
  Place& place = places[static_cast<std::size_t>(partition.value)];
  const Result<std::uint64_t> limit = limit_of(place);
  if (!limit) return limit.error();
  const Result<SegmentStep> step = place.cursor->next(*limit);
  if (!step) return step.error();
  if (step->kind == SegmentStep::Kind::record) return std::optional(step->read.record);
  const bool end = step->kind == SegmentStep::Kind::end;
  const Error damage =
      place.cursor->damage(end ? "it is gone: the file is too short" : step->read.fault);
  place.cursor.reset();  // a later call looks again: the file may have been restored
  return damage;
}

Result<std::optional<StreamRecord>> LogReader::State::read_known(PartitionId partition,
                                                                 Offset offset) {
  Place& place = places[static_cast<std::size_t>(partition.value)];
  bool at_place = place.cursor && place.cursor->offset() == offset;
  if (at_place && place.cursor->header().first != place.ends.tail) {
    const Result<std::uint64_t> size = place.cursor->file().size();
    if (!size) return size.error();
    if (place.cursor->byte() >= *size) at_place = false;  // it goes on in the next segment
  }
  if (!at_place) WEIR_TRY(seek(partition, offset));
  return next(partition);
}

Result<std::optional<StreamRecord>> LogReader::read(PartitionId partition, Offset offset) {
  if (partition.value < 0 || partition.value >= partitions()) return state_->no_such(partition);
  const LogEnds& ends = state_->places[static_cast<std::size_t>(partition.value)].ends;
  if (ends.end <= offset) WEIR_TRY(state_->refresh(partition));
  if (ends.end <= offset) return std::optional<StreamRecord>{};
  if (offset < ends.start) return dropped(partition, offset, ends.start);
  auto record = state_->read_known(partition, offset);
  if (record) return record;
  // It may have been dropped since the ends were read.
  WEIR_TRY(state_->refresh(partition));
  if (offset < ends.start) return dropped(partition, offset, ends.start);
  return record;
}

Result<std::optional<Anchor>> LogReader::anchor_at(PartitionId partition, Offset offset) {
  const auto record = read(partition, offset);
  if (!record && record.error().code != ErrorCode::not_found) return record.error();
  if (!record || !*record) return std::optional<Anchor>{};
  return std::optional(Anchor{offset, record_digest(**record), (*record)->append_time});
}

Result<Offset> LogReader::older_before(PartitionId partition, AppendTime time) {
  WEIR_TRY(state_->refresh(partition));
  const LogEnds ends = state_->places[static_cast<std::size_t>(partition.value)].ends;
  auto firsts = state_->segments(partition, ends);
  if (!firsts) return firsts.error();
  for (auto first = firsts->rbegin(); first != firsts->rend() && ends.start < *first; ++first) {
    const auto cursor = state_->open_segment(partition, *first);
    if (!cursor) return cursor.error();
    if (cursor->header().not_before < time) return *first;
  }
  return ends.start;
}

Result<Offset> LogReader::offset_at(PartitionId partition, AppendTime time) {
  // The first such record stands in the segment that this finds, or later.
  const Result<Offset> from = older_before(partition, time);
  if (!from) return from;
  const LogEnds ends = state_->places[static_cast<std::size_t>(partition.value)].ends;
  for (Offset offset = *from; offset < ends.end; ++offset) {
    const auto record = read(partition, offset);
    if (!record) return record.error();
    if (*record && (*record)->append_time >= time) return offset;
  }
  return ends.end;
}

}  // namespace weir
