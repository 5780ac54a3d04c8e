#include "ingest/spool/file_log_source.h"

#include "base/log.h"
#include "ingest/spool/log_folder.h"

#include <utility>

namespace weir {
namespace {

Error not_held(PartitionId partition) {
  return {ErrorCode::conflict,
          "partition " + std::to_string(partition.value) + " is not being read", ""};
}

std::vector<PartitionId> all_of(std::int32_t partitions) {
  std::vector<PartitionId> all;
  for (std::int32_t p = 0; p < partitions; ++p) all.push_back(PartitionId{p});
  return all;
}

}  // namespace

Result<std::unique_ptr<FileLogSource>> FileLogSource::open(LogDisk& disk,
                                                           const std::string& folder) {
  std::unique_ptr<FileLogSource> made(new FileLogSource(disk, folder));
  WEIR_TRY(made->open_log());
  made->assign(all_of(made->partitions()));
  return made;
}

Status FileLogSource::open_log() {
  auto reader = LogReader::open(disk_, folder_);
  if (!reader) return reader.error();
  auto asked = LogReader::open(disk_, folder_);
  if (!asked) return asked.error();
  reader_ = *std::move(reader);
  asked_ = *std::move(asked);
  watch_ = disk_.watch(ends_path(folder_));
  return {};
}

void FileLogSource::deal(std::vector<PartitionId> partitions) {
  all_ = false;
  assign(std::move(partitions));
}

void FileLogSource::assign(std::vector<PartitionId> partitions) {
  std::erase_if(partitions, [&](PartitionId one) { return one.value >= this->partitions(); });
  const bool untold = !events_.empty() && events_.back().kind == Polled::Kind::assigned;
  if (untold) {
    events_.pop_back();  // nobody has heard of what was held
  } else if (!held_.empty()) {
    Event lost{Polled::Kind::revoked, {}};
    for (const auto& [partition, held] : held_) lost.partitions.push_back(partition);
    events_.push_back(std::move(lost));
  }
  held_.clear();
  if (partitions.empty()) return;
  for (const PartitionId partition : partitions) held_[partition] = {};
  events_.push_back({Polled::Kind::assigned, std::move(partitions)});
}

Polled FileLogSource::tell(Event event) {
  told_ = std::move(event.partitions);
  Polled polled;
  polled.kind = event.kind;
  polled.partitions = told_;
  return polled;
}

Result<Polled> FileLogSource::poll(Micros timeout) {
  const Deadline deadline = Deadline::in(timeout);
  while (true) {
    Result<Polled> polled = look();
    if (polled && polled->kind != Polled::Kind::nothing) return polled;
    const Result<bool> same = reader_->lies_there();
    if (!same) return same.error();
    if (!*same) {
      WEIR_TRY(begin_anew());
      continue;
    }
    if (!polled || deadline.passed() || !watch_->wait(deadline.left())) return polled;
  }
}

/// Another log lies there. Whether it can be gone on with is for the anchors to say.
Status FileLogSource::begin_anew() {
  const std::string before = log_id();
  WEIR_TRY(open_log());
  log_warn("another log lies in the folder; what is held is loaded anew",
           {{"folder", folder_}, {"was", before}, {"is", log_id()}});
  std::vector<PartitionId> held = all_of(partitions());
  if (!all_) std::erase_if(held, [&](PartitionId one) { return !held_.contains(one); });
  assign(std::move(held));
  return {};
}

/// For a question: it must not be answered by another log than the one that poll() told of.
Status FileLogSource::same_log() const {
  const Result<bool> same = asked_->lies_there();
  if (!same) return same.error();
  if (*same) return {};
  return Error{ErrorCode::unavailable, folder_ + ": another log lies there now",
               "it is asked again when the partitions are loaded anew"};
}

/// What there is at this moment.
Result<Polled> FileLogSource::look() {
  if (!events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    return tell(std::move(event));
  }
  // Behind the partition that was served last first, then round from the lowest.
  for (int round = 0; round < 2; ++round) {
    for (auto& [partition, held] : held_) {
      if ((round == 0) != (last_ < partition)) continue;
      Result<Polled> polled = next_of(partition, held);
      if (polled && polled->kind == Polled::Kind::nothing) continue;
      last_ = partition;
      return polled;
    }
  }
  return Polled{};
}

Result<Polled> FileLogSource::next_of(PartitionId partition, Held& held) {
  if (!held.started || held.paused) return Polled{};
  const auto record = reader_->read(partition, held.position);
  if (!record && record.error().code != ErrorCode::not_found) return record.error();
  bool readable = record.ok();
  if (readable && !*record) {
    const Result<LogBounds> at = reader_->bounds(partition);
    if (!at) return at.error();
    if (held.position <= at->end) return Polled{};
    readable = false;
  }
  if (!readable) {
    held.started = false;
    return tell({Polled::Kind::unreadable, {partition}});
  }
  ++held.position;
  Polled polled;
  polled.kind = Polled::Kind::record;
  polled.record = **record;
  return polled;
}

Status FileLogSource::start(PartitionId partition, Offset from) {
  const auto found = held_.find(partition);
  if (found == held_.end()) return not_held(partition);
  found->second.started = true;
  found->second.position = from;
  return {};
}

Status FileLogSource::pause(std::span<const PartitionId> partitions) {
  for (const PartitionId partition : partitions) {
    if (held_.contains(partition)) held_[partition].paused = true;
  }
  return {};
}

Status FileLogSource::resume(std::span<const PartitionId> partitions) {
  for (const PartitionId partition : partitions) {
    if (held_.contains(partition)) held_[partition].paused = false;
  }
  return {};
}

Result<Offset> FileLogSource::position(PartitionId partition) {
  const auto found = held_.find(partition);
  if (found == held_.end() || !found->second.started) return not_held(partition);
  return found->second.position;
}

Result<LogBounds> FileLogSource::bounds(PartitionId partition, Deadline) {
  WEIR_TRY(same_log());
  return asked_->bounds(partition);
}

Result<Offset> FileLogSource::offset_at(PartitionId partition, AppendTime time, Deadline) {
  WEIR_TRY(same_log());
  return asked_->offset_at(partition, time);
}

Result<std::optional<Anchor>> FileLogSource::anchor_at(PartitionId partition, Offset offset,
                                                       Deadline) {
  WEIR_TRY(same_log());
  return asked_->anchor_at(partition, offset);
}

Result<std::int32_t> FileLogSource::partition_count(Deadline) {
  WEIR_TRY(same_log());
  return asked_->partitions();
}

}  // namespace weir
