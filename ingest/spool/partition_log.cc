#include "ingest/spool/partition_log.h"

#include "base/crash_point.h"

#include <algorithm>
#include <utility>

namespace weir {

PartitionLog::PartitionLog(LogDisk& disk, std::string folder, const LogId& log,
                           PartitionId partition, LogFile& ends)
    : disk_(&disk), ends_(&ends), folder_(std::move(folder)), log_(log), partition_(partition) {}

Appended PartitionLog::stage(const LogRecord& record, AppendTime now) {
  if (!has_staged()) {
    staged_end_ = end_;
    staged_newest_ = newest_;
  }
  const Offset offset = staged_end_;
  ++staged_end_;
  staged_newest_ = std::max(staged_newest_, now);
  if (offset == end_) staged_oldest_ = staged_newest_;
  write_record(log_, record, offset, staged_newest_, end_, staged_);
  return {offset, staged_newest_};
}

Status PartitionLog::write() {
  written_ = true;  // in part at least, whatever becomes of it
  return tail_->write(static_cast<std::uint64_t>(tail_bytes()), staged_);
}

void PartitionLog::settle() {
  const auto grown = static_cast<std::int64_t>(staged_.size());
  if (tail_is_empty()) tail_oldest_ = staged_oldest_;
  segments_.back().bytes += grown;
  bytes_ += grown;
  end_ = staged_end_;
  newest_ = staged_newest_;
  staged_.clear();
  written_ = false;
}

Status PartitionLog::undo() {
  staged_.clear();
  if (!std::exchange(written_, false)) return {};
  WEIR_TRY(tail_->truncate(static_cast<std::uint64_t>(tail_bytes())));
  return tail_->sync();
}

Status PartitionLog::publish() {
  LogEnds ends;
  ends.partition = partition_;
  ends.turn = turn_ + 1;
  ends.start = start_;
  ends.end = end_;
  ends.tail = segments_.back().first;
  ends.tail_bytes = tail_bytes();
  ends.boot = disk_->boot();
  WEIR_TRY(ends_->write(slot_place(ends), write_slot(log_, ends)));
  ++turn_;
  return {};
}

Status PartitionLog::roll() {
  auto made = make_segment(*disk_, folder_, log_, {partition_, end_, newest_});
  if (!made) return made.error();
  WEIR_CRASH_POINT("spool.roll");
  tail_ = *std::move(made);
  tail_oldest_.reset();
  segments_.back().newest = newest_;
  segments_.push_back({end_, static_cast<std::int64_t>(kSegmentHeaderBytes), newest_});
  bytes_ += tail_bytes();
  return {};
}

Status PartitionLog::drop_before(Offset offset) {
  auto keep = segments_.begin();
  while (keep + 1 != segments_.end() && (keep + 1)->first <= offset) ++keep;
  if (start_ < keep->first) {
    start_ = keep->first;
    WEIR_TRY(publish());  // readers hear of it before a file is gone
  }
  while (segments_.front().first < start_) {
    WEIR_TRY(disk_->remove(segment_path(folder_, partition_, segments_.front().first)));
    // One by one: a power failure must not take the newer name and leave the older one.
    WEIR_TRY(disk_->sync_folder(partition_folder(folder_, partition_)));
    bytes_ -= segments_.front().bytes;
    segments_.pop_front();
  }
  return {};
}

PartitionLog::Oldest PartitionLog::oldest() const {
  auto at = segments_.begin();
  while (at + 1 != segments_.end() && (at + 1)->first <= start_) ++at;
  const bool is_tail = at + 1 == segments_.end();
  return {is_tail ? end_ : (at + 1)->first, at->bytes, is_tail ? newest_ : at->newest, is_tail};
}

}  // namespace weir
