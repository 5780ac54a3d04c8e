// Analytics' side of the consumer loop: a commit becomes files, then one catalogue transaction.
//
//   1. write segment, rollup and histogram aside; sync; rename       (segment_writer.h)
//   2. BEGIN IMMEDIATE; compare-and-set every range's progress; name the files; quarantine, gaps,
//      generations; COMMIT
//
// Killed before 2 commits: the files are orphans and the same offsets are read again. Killed after:
// they count, and reading goes on behind them. So no half segment is ever seen and no row twice.
// Two consumers may share a volume (each partition belongs to one): whose compare-and-set fails has
// lost the partition and its files are discarded.
//
// Consumption pauses (`unavailable`) when the volume is fuller than `pause_percent`, of bytes or inodes, and
// goes on two points below it. Making room is compact's work. Threads: the loop's.
#pragma once

#include "analytics/catalogue.h"
#include "analytics/segment_writer.h"
#include "base/metrics.h"
#include "base/volume/volume_watch.h"
#include "ingest/stream/handler.h"

#include <cstdint>
#include <string>

namespace weir {

struct AnalyticsHandlerOptions {
  std::string topic;
  Micros grace = std::chrono::minutes(10);  // complete_through = caught up − grace
  std::int64_t pause_percent = 90;          // of the volume; 100: never
  std::int64_t expire_percent = 85;         // where compact makes room; for what the pause says
};

class AnalyticsHandler : public Handler {
 public:
  AnalyticsHandler(const AnalyticsVolume& volume, Catalogue& catalogue, SegmentWriter& writer,
                   AnalyticsHandlerOptions options, Clock& clock, Metrics& metrics);

  Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                           std::int32_t partition_count,
                                           Deadline deadline) override;
  Result<Committed> commit(const CommitBatch& batch, Deadline deadline) override;
  Status report_break(PartitionId partition, const std::string& what, Deadline deadline) override;
  Sections sections() const override { return Sections::all; }

 private:
  Status check_space();
  Result<Incarnation> check_stream(std::int32_t partition_count, Deadline deadline);
  Result<Committed> record(const CommitBatch& batch, const std::vector<DataFile>& files,
                           Deadline deadline);
  Status record_files(const CommitBatch& batch, const std::vector<DataFile>& files);
  Status record_rest(const CommitBatch& batch);
  Result<Committed> what_became(const CommitBatch& batch, const std::vector<DataFile>& files,
                                const Error& error);
  void discard_unnamed(const std::vector<DataFile>& files);
  void count(const CommitBatch& batch, const std::vector<DataFile>& files);

  const AnalyticsVolume& volume_;
  Catalogue& catalogue_;
  SegmentWriter& writer_;
  const AnalyticsHandlerOptions options_;
  Clock& clock_;
  VolumeTrend trend_;
  Gauge& paused_;
  Counter& rows_;
  Counter& bytes_;
  Counter& quarantined_;
  Counter& unprovable_;
  Counter& overflow_;
  Counter& conflicts_;
};

}  // namespace weir
