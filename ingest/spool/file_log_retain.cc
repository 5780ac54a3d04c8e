// What leaves a FileLog: drop_before() of its owner's own reading, retain() by age and bytes.
//
// Each segment is removed in a turn of its own, so that appends wait for one removal at most. Readers
// hear of the new start before a file is gone (PartitionLog::drop_before).
#include "ingest/spool/file_log_state.h"

#include <algorithm>

namespace weir {

Status FileLog::State::in_turn(const std::function<Status()>& work) {
  std::unique_lock lock(mutex);
  turn.wait(lock, [&] { return !leading; });
  leading = true;
  lock.unlock();
  Status done = broken ? Status(*broken) : work();
  lock.lock();
  tell(lock);
  return done;
}

/// A tail below this is not worth a file of its own; and all tails together are no quarter of the
/// bound, so that a log of which nothing is needed is never full.
std::int64_t FileLog::State::tail_worth(std::int64_t bytes_bound) const {
  return std::min(options.segment_bytes, bytes_bound / meta.partitions) / 4;
}

Status FileLog::drop_before(PartitionId partition, Offset offset) {
  WEIR_CHECK(partition.value >= 0 && partition.value < state_->meta.partitions);
  return state_->in_turn([&] {
    return state_->drop(state_->partitions[static_cast<std::size_t>(partition.value)], offset);
  });
}

Status FileLog::State::drop(PartitionLog& partition, Offset offset) {
  const bool drained = offset >= partition.bounds().end && !partition.tail_is_empty();
  if (drained && partition.tail_bytes() >= tail_worth(options.bytes_max)) {
    WEIR_TRY(roll(partition));
  }
  return partition.drop_before(std::min(offset, partition.bounds().end));
}

Dropped FileLog::retain(const Retention& retention, std::span<const Offset> cursor) {
  WEIR_CHECK(cursor.empty() || cursor.size() == static_cast<std::size_t>(state_->meta.partitions));
  State::Retaining retaining{retention, cursor, {}, {}};
  retaining.stuck.resize(static_cast<std::size_t>(state_->meta.partitions));
  retaining.dropped.status = state_->in_turn([&] {
    state_->begin_retaining(retaining);
    return Status();
  });
  bool more = retaining.dropped.status.ok();
  while (more) {
    const Status done = state_->in_turn([&] {
      more = state_->remove_next(retaining);
      return Status();
    });
    if (!done) {
      more = false;
      if (retaining.dropped.status) retaining.dropped.status = done;
    }
  }
  return std::move(retaining.dropped);
}

/// Goes on with what an earlier removal left, and closes tails whose records shall leave in time.
void FileLog::State::begin_retaining(Retaining& retaining) {
  const AppendTime now{clock.now().value};
  const std::int64_t tail_age = retaining.retention.age.count() / 8;
  for (std::size_t p = 0; p < partitions.size(); ++p) {
    PartitionLog& partition = partitions[p];
    Status done = partition.drop_before(partition.bounds().start);
    const auto oldest = partition.tail_oldest();
    if (done && tail_age > 0 && oldest && *oldest < now - tail_age) done = roll(partition);
    if (!done) retaining.failed(p, done);
  }
}

std::vector<OldestSegment> FileLog::State::oldest_segments(const Retaining& retaining) const {
  const Retention& retention = retaining.retention;
  const std::int64_t worth = tail_worth(std::min(
      {options.bytes_max, retention.bytes, retention.held_bytes_max, retention.volume_bytes_max}));
  std::vector<OldestSegment> all;
  for (std::size_t p = 0; p < partitions.size(); ++p) {
    const PartitionLog::Oldest oldest = partitions[p].oldest();
    OldestSegment& one = all.emplace_back();
    one.newest = oldest.newest;
    one.held = oldest.end > retaining.needed_from(p);
    one.has_any = partitions[p].bounds().start < oldest.end;
    one.small = oldest.is_tail && oldest.bytes < worth;
    one.stuck = retaining.stuck[p];
  }
  return all;
}

/// Removes one segment; false when there is none to remove.
bool FileLog::State::remove_next(Retaining& retaining) {
  std::int64_t held_bytes = 0;
  for (const PartitionLog& partition : partitions) held_bytes += partition.bytes();
  const auto next = next_to_go(oldest_segments(retaining), retaining.retention, held_bytes,
                               AppendTime{clock.now().value});
  if (!next) return false;
  PartitionLog& partition = partitions[*next];
  const PartitionLog::Oldest oldest = partition.oldest();
  const Offset from = partition.bounds().start;
  Status done = oldest.is_tail ? roll(partition) : Status();
  if (done) done = partition.drop_before(oldest.end);
  if (!done) retaining.failed(*next, done);
  if (partition.bounds().start > from) retaining.gone(*next, from, oldest);
  return !broken;
}

void FileLog::State::Retaining::failed(std::size_t partition, const Status& why) {
  stuck[partition] = true;
  if (dropped.status) dropped.status = why;
}

Offset FileLog::State::Retaining::needed_from(std::size_t partition) const {
  return cursor.empty() ? Offset{0} : cursor[partition];
}

void FileLog::State::Retaining::gone(std::size_t partition, Offset from,
                                     const PartitionLog::Oldest& oldest) {
  const PartitionId id{static_cast<std::int32_t>(partition)};
  add_range(dropped.ranges, {id, from, oldest.end, oldest.bytes});
  const Offset unread = std::max(from, needed_from(partition));
  if (unread < oldest.end) add_range(dropped.unread, {id, unread, oldest.end, oldest.bytes});
}

}  // namespace weir
