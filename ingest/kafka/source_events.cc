#include "ingest/kafka/source_events.h"

#include "base/log.h"

#include <algorithm>

namespace weir {

/// The library is given an empty assignment: nothing is fetched before start().
void SourceEvents::rebalanced(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                              rd_kafka_topic_partition_list_t* partitions) {
  lose_all();
  if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    rd_kafka_assign(handle, nullptr);
    return;
  }
  health->up();
  const PartitionList none(rd_kafka_topic_partition_list_new(0));
  rd_kafka_assign(handle, none.get());
  GroupEvent given{Polled::Kind::assigned, {}};
  for (int i = 0; i < partitions->cnt; ++i) {
    given.partitions.push_back(PartitionId{partitions->elems[i].partition});
    assignment.give(given.partitions.back());
  }
  std::sort(given.partitions.begin(), given.partitions.end());
  if (!given.partitions.empty()) events.push_back(std::move(given));
}

void SourceEvents::lose_all() {
  verify_held = false;
  if (assignment.held().empty()) return;
  GroupEvent lost{Polled::Kind::revoked, {}};
  for (const auto& [partition, held] : assignment.held()) lost.partitions.push_back(partition);
  assignment.take_all();
  events.push_back(std::move(lost));
}

void SourceEvents::begin_anew() {
  verify_held = false;
  std::vector<PartitionId> read;
  for (const auto& [partition, held] : assignment.held()) {
    if (held.started) read.push_back(partition);
  }
  if (read.empty()) return;
  log_info("the brokers were away; anchors are verified before reading goes on");
  for (const PartitionId partition : read) {
    assignment.give(partition);
    assignment.mark_stale();
  }
  events.push_back({Polled::Kind::revoked, read});
  events.push_back({Polled::Kind::assigned, std::move(read)});
}

}  // namespace weir
