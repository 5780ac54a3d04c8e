// What a consumer group does to one member, kept until poll() tells it. Private to this folder.
//
// Called back on the thread that polls. Nothing is fetched on the group's word alone: the library gets
// an empty assignment, and start() fills it (kafka_assignment.h).
#pragma once

#include "ingest/kafka/kafka_assignment.h"
#include "ingest/kafka/kafka_handle.h"
#include "ingest/stream/source.h"

#include <deque>
#include <vector>

namespace weir {

/// What the group did, in order; told to the caller one by one.
struct GroupEvent {
  Polled::Kind kind;
  std::vector<PartitionId> partitions;
};

class SourceEvents : public KafkaEvents {
 public:
  using KafkaEvents::KafkaEvents;
  void rebalanced(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                  rd_kafka_topic_partition_list_t* partitions) override;
  void brokers_lost() override { verify_held = true; }
  /// Everything held is told as revoked: the member is no more.
  void lose_all();
  /// What is being read is told as revoked and assigned, so that its anchor is verified again (R1).
  void begin_anew();

  bool verify_held = false;  // the brokers were away: who knows which log they come back with
  KafkaAssignment assignment;
  std::deque<GroupEvent> events;
};

}  // namespace weir
