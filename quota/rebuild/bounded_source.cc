#include "quota/rebuild/bounded_source.h"

#include <algorithm>

namespace weir {

Offset BoundedSource::bound_of(PartitionId partition) const {
  const auto found = bounds_.find(partition);
  return found == bounds_.end() ? Offset{0} : found->second;
}

Offset BoundedSource::committed(PartitionId partition) const {
  const auto found = committed_.find(partition);
  return found == committed_.end() ? Offset{0} : found->second;
}

Status BoundedSource::raise(PartitionId partition, Offset bound) {
  const Offset before = bound_of(partition);
  if (bound <= before) return {};
  bounds_[partition] = bound;
  return stopped_.contains(partition) ? go_on(partition, before) : Status();
}

Status BoundedSource::go_on(PartitionId partition, Offset from) {
  const bool stood = stopped_.erase(partition) > 0;
  WEIR_TRY(real_.start(partition, from));
  return stood && !paused_.contains(partition) ? real_.resume({&partition, 1}) : Status();
}

Result<Polled> BoundedSource::poll(Micros timeout) {
  Result<Polled> polled = real_.poll(timeout);
  if (!polled) return polled;
  if (polled->kind == Polled::Kind::assigned || polled->kind == Polled::Kind::revoked) {
    for (const PartitionId partition : polled->partitions) {
      stopped_.erase(partition);
      paused_.erase(partition);
    }
  }
  if (polled->kind != Polled::Kind::record) return polled;
  const PartitionId partition = polled->record.partition;
  if (polled->record.offset < bound_of(partition)) return polled;
  stopped_.insert(partition);
  WEIR_TRY(real_.pause({&partition, 1}));
  return Polled{};
}

Status BoundedSource::start(PartitionId partition, Offset from) { return go_on(partition, from); }

Status BoundedSource::pause(std::span<const PartitionId> partitions) {
  paused_.insert(partitions.begin(), partitions.end());
  return real_.pause(partitions);
}

/// Not those that stand at their bounds.
Status BoundedSource::resume(std::span<const PartitionId> partitions) {
  std::vector<PartitionId> going;
  for (const PartitionId partition : partitions) {
    paused_.erase(partition);
    if (!stopped_.contains(partition)) going.push_back(partition);
  }
  return going.empty() ? Status() : real_.resume(going);
}

Result<Offset> BoundedSource::position(PartitionId partition) {
  Result<Offset> position = real_.position(partition);
  if (!position) return position;
  return std::min(*position, bound_of(partition));
}

void BoundedSource::publish_position(PartitionId partition, Offset next) {
  committed_[partition] = next;
}

}  // namespace weir
