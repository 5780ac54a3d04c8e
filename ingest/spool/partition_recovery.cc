// PartitionLog::open: what to keep of a partition after whatever ended its last writer.
//
// Older segments are durable by their order of making. In the tail, everything up to the last whole
// record is kept; behind it, what was proven durable makes an error, and the rest is cut off. The
// proofs: the published ends, and H in the records themselves, which counts even when it stands
// behind the damage.
#include "ingest/spool/partition_log.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kCopyChunk = 1 << 20;

Result<std::string> read_all(LogFile& file, std::uint64_t from, std::uint64_t until) {
  std::string bytes(until - std::min(from, until), '\0');
  const Result<std::size_t> got = file.read(from, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

/// Among `bytes`, at any place: the greatest H of a whole record of `partition`, if there is one.
std::optional<Offset> durable_in(const LogId& log, PartitionId partition, std::string_view bytes) {
  std::optional<Offset> greatest;
  for (; bytes.size() >= kRecordHeadBytes + kRecordFixedBytes; bytes.remove_prefix(1)) {
    const ReadRecord read = read_record(log, bytes);
    if (read.fault || read.record.partition != partition) continue;
    greatest = std::max(greatest.value_or(Offset{0}), read.durable);
    bytes.remove_prefix(read.bytes - 1);
  }
  return greatest;
}

/// Whole records in a segment whose header is not.
Result<bool> holds_records(LogDisk& disk, const std::string& path, const LogId& log,
                           PartitionId partition) {
  const auto file = disk.open(path, OpenFor::reading);
  if (!file) return file.error();
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return size.error();
  const Result<std::string> bytes = read_all(**file, 0, *size);
  if (!bytes) return bytes.error();
  return durable_in(log, partition, *bytes).has_value();
}

}  // namespace

Result<PartitionLog> PartitionLog::open(LogDisk& disk, const std::string& folder, const LogId& log,
                                        PartitionId partition, LogFile& ends) {
  PartitionLog made(disk, folder, log, partition, ends);
  const Status recovered = made.recover();
  if (!recovered) return recovered.error();
  return made;
}

Error PartitionLog::gone(Offset first) const {
  return damaged_record(partition_, first, segment_path(folder_, partition_, first), 0,
                        "the segment is gone");
}

Status PartitionLog::recover() {
  auto firsts = list_segments(*disk_, folder_, partition_);
  if (!firsts) return firsts.error();
  const auto known = load_ends(*ends_, log_, partition_);
  if (!known) return known.error();
  // What was published may be older than what lies there, and its tail dropped since; never newer.
  const Offset newest = *known ? (*known)->tail : Offset{0};
  if (firsts->empty() || firsts->back() < newest) return gone(newest);
  WEIR_TRY(leave_out_unborn_tail(*known, *firsts));
  Result<Tail> tail = scan(firsts->back());
  if (!tail) return tail.error();
  WEIR_TRY(check_end(*tail, *known));
  WEIR_TRY(mend(*tail, *known));
  newest_ = tail->newest;
  tail_oldest_ = tail->oldest;
  WEIR_TRY(measure(*firsts));
  if (*known) turn_ = (*known)->turn;
  start_ = std::max(firsts->front(), *known ? (*known)->start : Offset{0});
  end_ = tail->cursor.offset();
  tail_ = tail->cursor.release();
  return publish();
}

/// The power failed while a segment was being made: it has no header yet, and never had a record.
Status PartitionLog::leave_out_unborn_tail(const std::optional<LogEnds>& known,
                                           std::vector<Offset>& firsts) {
  const Offset last = firsts.back();
  const std::string path = segment_path(folder_, partition_, last);
  const auto opened = SegmentCursor::open(*disk_, path, log_, partition_, last, OpenFor::reading);
  if (opened) return {};
  if (opened.error().code != ErrorCode::integrity) return opened.error();
  const bool was_in_use = firsts.size() == 1 || (known && known->tail >= last);
  if (was_in_use) return opened.error();
  const Result<bool> records = holds_records(*disk_, path, log_, partition_);
  if (!records) return records.error();
  if (*records) return opened.error();
  const Offset before = firsts[firsts.size() - 2];
  Result<Tail> older = scan(before);
  if (!older) return older.error();
  if (older->fault || older->cursor.offset() != last) {
    return older->cursor.damage(older->fault ? older->fault : "it is gone: the file is too short");
  }
  WEIR_TRY(disk_->remove(path));
  firsts.pop_back();
  return {};
}

Result<PartitionLog::Tail> PartitionLog::scan(Offset first) {
  Result<SegmentCursor> cursor = SegmentCursor::open(
      *disk_, segment_path(folder_, partition_, first), log_, partition_, first, OpenFor::writing);
  if (!cursor) return cursor.error();
  const Result<std::uint64_t> size = cursor->file().size();
  if (!size) return size.error();
  Tail tail{*std::move(cursor), *size, {}, {}, first, nullptr};
  tail.newest = tail.cursor.header().not_before;
  while (true) {
    const Result<SegmentStep> step = tail.cursor.next(tail.size);
    if (!step) return step.error();
    if (step->kind != SegmentStep::Kind::record) {
      tail.fault = step->read.fault;
      return tail;
    }
    tail.newest = std::max(tail.newest, step->read.record.append_time);
    if (!tail.oldest) tail.oldest = step->read.record.append_time;
    tail.durable = std::max(tail.durable, step->read.durable);
  }
}

/// Was anything durable that is not there any more?
Status PartitionLog::check_end(Tail& tail, const std::optional<LogEnds>& known) {
  Offset durable = tail.durable;
  if (known) durable = std::max(durable, known->end);
  if (tail.fault) {
    const Result<std::string> rest =
        read_all(tail.cursor.file(), tail.cursor.byte() + 1, tail.size);
    if (!rest) return rest.error();
    durable = std::max(durable, durable_in(log_, partition_, *rest).value_or(Offset{0}));
  }
  if (durable <= tail.cursor.offset()) return {};
  return tail.cursor.damage(tail.fault ? tail.fault : "it is gone: the file is too short");
}

/// Cuts the torn end, and makes durable what only looks so.
Status PartitionLog::mend(Tail& tail, const std::optional<LogEnds>& known) {
  LogFile& file = tail.cursor.file();
  const std::uint64_t end = tail.cursor.byte();
  const bool known_here = known && known->tail == tail.cursor.header().first;
  std::uint64_t at = known_here ? static_cast<std::uint64_t>(known->tail_bytes) : 0;
  // After a failed fsync pages may look clean and be nowhere else than in memory.
  for (; at < end; at = std::min<std::uint64_t>(at + kCopyChunk, end)) {
    const auto bytes = read_all(file, at, std::min<std::uint64_t>(at + kCopyChunk, end));
    if (!bytes) return bytes.error();
    WEIR_TRY(file.write(at, *bytes));
  }
  if (end < tail.size) {
    WEIR_TRY(file.truncate(end));
    cut_ = "partition " + std::to_string(partition_.value) + ": cut " +
           std::to_string(tail.size - end) + " bytes behind record " +
           std::to_string(tail.cursor.offset().value - 1) + " that were never acknowledged";
  }
  WEIR_TRY(file.sync());
  return disk_->sync_folder(partition_folder(folder_, partition_));
}

/// Newest first: a header says how new what stands before its segment is, and where it is damaged the
/// next one does, which is no earlier.
Status PartitionLog::measure(const std::vector<Offset>& firsts) {
  AppendTime newest = newest_;
  for (auto first = firsts.rbegin(); first != firsts.rend(); ++first) {
    const auto file = disk_->open(segment_path(folder_, partition_, *first), OpenFor::reading);
    if (!file) return file.error();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size) return size.error();
    segments_.push_front({*first, static_cast<std::int64_t>(*size), newest});
    bytes_ += segments_.front().bytes;
    const Result<std::string> head = read_all(**file, 0, kSegmentHeaderBytes);
    if (!head) return head.error();
    if (const auto header = read_segment_header(log_, *head)) newest = header->not_before;
  }
  return {};
}

}  // namespace weir
