// What the consumer loop counts. The identity to hold, at every moment:
//
//   received = applied + duplicate + quarantined + unprovable     (committed events)
//
// with weir_events_in_flight beside it for what is read and not yet committed. Labelled by partition
// only, so bounded by the topic. Threads: one.
#pragma once

#include "base/metrics.h"
#include "ingest/stream/handler.h"
#include "ingest/stream/partition_reader.h"

#include <vector>

namespace weir {

class LoopMetrics {
 public:
  explicit LoopMetrics(Metrics& metrics);
  void committed(const CommitBatch& batch, Micros took);
  void commit_failed() { commit_failures_.add(); }
  void conflict() { conflicts_.add(); }
  void in_flight(std::int64_t events) { in_flight_.set(events); }
  void observed(const PartitionReader& reader);

 private:
  struct PartitionMetrics {
    Counter *received, *applied, *duplicate, *quarantined, *unprovable, *gap_records;
    Gauge *next, *lag, *caught_up, *horizon_from;
  };
  PartitionMetrics& of(PartitionId partition);

  Metrics& metrics_;
  Counter& commits_;
  Counter& commit_failures_;
  Counter& conflicts_;
  Gauge& in_flight_;
  DurationHistogram& commit_time_;
  std::vector<PartitionMetrics> by_partition_;
};

}  // namespace weir
