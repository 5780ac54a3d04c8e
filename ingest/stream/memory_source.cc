#include "ingest/stream/memory_source.h"

#include <algorithm>

namespace weir {
namespace {

Error not_held(PartitionId partition) {
  return {ErrorCode::conflict,
          "partition " + std::to_string(partition.value) + " is not being read", ""};
}

}  // namespace

MemorySource::~MemorySource() {
  std::lock_guard lock(stream_.mutex_);
  std::erase(stream_.members_, this);
  stream_.deal_locked();
}

void MemorySource::dealt(std::vector<PartitionId> partitions) {
  if (!held_.empty()) {
    Event lost{Polled::Kind::revoked, {}};
    for (const auto& [partition, held] : held_) lost.partitions.push_back(partition);
    events_.push_back(std::move(lost));
  }
  held_.clear();
  if (partitions.empty()) return;
  for (const PartitionId partition : partitions) held_[partition] = {};
  events_.push_back({Polled::Kind::assigned, std::move(partitions)});
}

Polled MemorySource::tell(Event event) {
  told_ = std::move(event.partitions);
  Polled polled;
  polled.kind = event.kind;
  polled.partitions = told_;
  return polled;
}

/// The next record of `partition`, or that it cannot be read; nothing when it is at its end.
std::optional<Polled> MemorySource::next_of(PartitionId partition, Held& held) {
  if (!held.started || held.paused) return std::nullopt;
  MemoryStream::Log& log = stream_.log(partition);
  if (held.position < log.start || log.end < held.position) {
    held.started = false;
    return tell({Polled::Kind::unreadable, {partition}});
  }
  while (held.position < log.stable_end()) {
    const MemoryStream::Entry& entry = log.entries.at(held.position);
    const Offset offset = held.position;
    ++held.position;
    if (entry.hidden) continue;
    content_type_ = entry.content_type;  // copies: the log may change before the next poll
    key_ = entry.key;
    value_ = entry.value;
    origin_text_ = entry.origin_text;
    redrive_text_ = entry.redrive_text;
    Polled polled;
    polled.kind = Polled::Kind::record;
    polled.record = {partition,
                     offset,
                     entry.append_time,
                     content_type_,
                     key_,
                     value_,
                     read_origin(origin_text_, redrive_text_)};
    ++stream_.seen_.delivered;
    return polled;
  }
  return std::nullopt;
}

Result<Polled> MemorySource::poll(Micros) {
  std::lock_guard lock(stream_.mutex_);
  ++stream_.seen_.polls;
  if (stream_.failing_polls_ > 0) {
    --stream_.failing_polls_;
    return Error{ErrorCode::unavailable, "memory stream: poll fails as asked", ""};
  }
  if (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    return tell(std::move(event));
  }
  // Behind the partition that was served last first, then round from the lowest.
  for (int round = 0; round < 2; ++round) {
    for (auto& [partition, held] : held_) {
      if ((round == 0) != (last_ < partition)) continue;
      if (std::optional<Polled> polled = next_of(partition, held)) {
        last_ = partition;
        return *polled;
      }
    }
  }
  return Polled{};
}

Status MemorySource::start(PartitionId partition, Offset from) {
  std::lock_guard lock(stream_.mutex_);
  const auto found = held_.find(partition);
  if (found == held_.end()) return not_held(partition);
  found->second.started = true;
  found->second.position = from;
  return {};
}

Status MemorySource::pause(std::span<const PartitionId> partitions) {
  std::lock_guard lock(stream_.mutex_);
  ++stream_.seen_.pauses;
  for (const PartitionId partition : partitions) {
    if (held_.contains(partition)) held_[partition].paused = true;
  }
  return {};
}

Status MemorySource::resume(std::span<const PartitionId> partitions) {
  std::lock_guard lock(stream_.mutex_);
  ++stream_.seen_.resumes;
  for (const PartitionId partition : partitions) {
    if (held_.contains(partition)) held_[partition].paused = false;
  }
  return {};
}

Result<Offset> MemorySource::position(PartitionId partition) {
  std::lock_guard lock(stream_.mutex_);
  const auto found = held_.find(partition);
  if (found == held_.end() || !found->second.started) return not_held(partition);
  return found->second.position;
}

Result<LogBounds> MemorySource::bounds(PartitionId partition, Deadline) {
  std::lock_guard lock(stream_.mutex_);
  WEIR_TRY(stream_.question_locked(partition));
  return LogBounds{stream_.log(partition).start, stream_.log(partition).end};
}

Result<Offset> MemorySource::offset_at(PartitionId partition, AppendTime time, Deadline) {
  std::lock_guard lock(stream_.mutex_);
  WEIR_TRY(stream_.question_locked(partition));
  for (const auto& [offset, entry] : stream_.log(partition).entries) {
    if (entry.append_time >= time) return offset;
  }
  return stream_.log(partition).end;
}

Result<std::optional<Anchor>> MemorySource::anchor_at(PartitionId partition, Offset offset,
                                                      Deadline) {
  std::lock_guard lock(stream_.mutex_);
  WEIR_TRY(stream_.question_locked(partition));
  return stream_.anchor_locked(partition, offset);
}

Result<std::int32_t> MemorySource::partition_count(Deadline) {
  std::lock_guard lock(stream_.mutex_);
  WEIR_TRY(stream_.question_locked(PartitionId{0}));
  return static_cast<std::int32_t>(stream_.logs_.size());
}

void MemorySource::publish_position(PartitionId partition, Offset next) {
  std::lock_guard lock(stream_.mutex_);
  stream_.seen_.published[partition] = next;
}

}  // namespace weir
