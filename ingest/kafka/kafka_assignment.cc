#include "ingest/kafka/kafka_assignment.h"

namespace weir {

void KafkaAssignment::take_all() {
  held_.clear();
  stale_ = false;
}

bool KafkaAssignment::start(PartitionId partition, Offset from) {
  const auto found = held_.find(partition);
  if (found == held_.end()) return false;
  found->second.started = true;
  found->second.position = from;
  found->second.moved = std::chrono::steady_clock::now();
  stale_ = true;
  return true;
}

void KafkaAssignment::pause(PartitionId partition, bool paused) {
  const auto found = held_.find(partition);
  if (found == held_.end() || found->second.paused == paused) return;
  found->second.paused = paused;
  found->second.moved = std::chrono::steady_clock::now();
  if (found->second.started) stale_ = true;
}

void KafkaAssignment::stop(PartitionId partition) {
  const auto found = held_.find(partition);
  if (found == held_.end()) return;
  found->second.started = false;
  stale_ = true;
}

void KafkaAssignment::passed(PartitionId partition, Offset next) {
  const auto found = held_.find(partition);
  if (found == held_.end() || !(found->second.position < next)) return;
  found->second.position = next;
  found->second.moved = std::chrono::steady_clock::now();
}

const KafkaAssignment::Held* KafkaAssignment::reading(PartitionId partition) const {
  const auto found = held_.find(partition);
  return found == held_.end() || !found->second.started ? nullptr : &found->second;
}

PartitionList KafkaAssignment::fresh_list(const std::string& topic) {
  if (!stale_) return nullptr;
  stale_ = false;
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(held_.size())));
  for (const auto& [partition, held] : held_) {
    if (!held.started || held.paused) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition.value)->offset =
        held.position.value;
  }
  return list;
}

}  // namespace weir
