#include "ingest/stream/loop_metrics.h"

#include <algorithm>

namespace weir {

LoopMetrics::LoopMetrics(Metrics& metrics)
    : metrics_(metrics),
      commits_(metrics.counter("weir_commits_total", "batches committed")),
      commit_failures_(metrics.counter("weir_commit_failures_total", "commits to be tried again")),
      conflicts_(metrics.counter("weir_commit_conflicts_total",
                                 "commits refused because somebody else moved the position")),
      in_flight_(metrics.gauge("weir_events_in_flight", "events read and not yet committed")),
      commit_time_(metrics.duration("weir_commit_duration_seconds", "time of one commit")) {}

LoopMetrics::PartitionMetrics& LoopMetrics::of(PartitionId partition) {
  while (by_partition_.size() <= static_cast<std::size_t>(partition.value)) {
    const Labels labels = {{"partition", std::to_string(by_partition_.size())}};
    auto counter = [&](const char* name, const char* help) {
      return &metrics_.counter(name, help, labels);
    };
    auto gauge = [&](const char* name, const char* help) {
      return &metrics_.gauge(name, help, labels);
    };
    by_partition_.push_back(
        {counter("weir_events_received_total", "events in committed records"),
         counter("weir_events_applied_total", "events that became rows"),
         counter("weir_events_duplicate_total", "events dropped as duplicates"),
         counter("weir_events_quarantined_total", "events kept aside, with their reason"),
         counter("weir_events_unprovable_total", "events too late to tell from a duplicate"),
         counter("weir_gap_records_total", "offsets that were lost before they were read"),
         gauge("weir_partition_next_offset", "next offset to apply"),
         gauge("weir_partition_lag_records", "offsets between the log's end and the next to apply"),
         gauge("weir_partition_caught_up_seconds",
               "when the log's end was read that has since been applied"),
         gauge("weir_identity_horizon_from_us",
               "append time from which on copies are recognised")});
  }
  return by_partition_[static_cast<std::size_t>(partition.value)];
}

void LoopMetrics::committed(const CommitBatch& batch, Micros took) {
  commits_.add();
  commit_time_.observe_us(took.count());
  for (const Range& range : batch.ranges) {
    PartitionMetrics& partition = of(range.partition);
    partition.received->add(range.counts.received);
    partition.applied->add(range.counts.applied);
    partition.duplicate->add(range.counts.duplicate);
    partition.quarantined->add(range.counts.quarantined);
    partition.unprovable->add(range.counts.unprovable);
    partition.next->set(range.to.value);
    if (range.caught_up_at) {
      partition.caught_up->set(range.caught_up_at->value / kMicrosPerSecond);
    }
    partition.horizon_from->set(range.horizon_from.value);
  }
  for (const Gap& gap : batch.gaps) of(gap.partition).gap_records->add(gap.to - gap.from);
}

void LoopMetrics::observed(const PartitionReader& reader) {
  of(reader.partition).lag->set(std::max<std::int64_t>(0, reader.log_end - reader.next));
}

}  // namespace weir
