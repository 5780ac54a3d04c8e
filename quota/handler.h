// QuotaHandler: what quota does with the stream: usage, adjustments, and what blocks a close.
//
// commit() aggregates under the catalogue in force and runs the ingest transaction; a newer
// catalogue found inside it means aggregating again; so does a redriven event whose child is decided
// already: it is dropped, and the loop reads its index anew. A lost commit is resolved by reading before
// the answer is given. While no catalogue is applied, commit() answers `unavailable` and says which
// command to run, so consumption waits and nothing is lost. Threads: one, the loop's.
#pragma once

#include "base/metrics.h"
#include "ingest/stream/handler.h"
#include "quota/aggregate.h"
#include "quota/ingest.h"
#include "quota/meters.h"
#include "quota/store.h"

#include <memory>
#include <string>
#include <vector>

namespace weir {

class QuotaHandler : public Handler {
 public:
  /// `deployment` as read at start.
  QuotaHandler(Store& store, Deployment deployment, Metrics& metrics);

  Result<std::vector<PartitionState>> load(std::span<const PartitionId> partitions,
                                           std::int32_t partition_count,
                                           Deadline deadline) override;
  Result<Committed> commit(const CommitBatch& batch, Deadline deadline) override;
  Status report_break(PartitionId partition, const std::string& what, Deadline deadline) override;
  /// Filters and quantities of meters all lie in the usage section.
  Sections sections() const override { return Sections::usage; }

 private:
  Status load_catalog(Deadline deadline);
  Result<Committed> settle(const CommitBatch& batch, Result<Ingested> outcome,
                           const Findings& findings, Deadline deadline);
  void count(const CommitBatch& batch, const Findings& findings);

  Store& store_;
  const Deployment deployment_;
  const SealRules seal_rules_;
  Counter& received_;
  Counter& applied_;
  Counter& duplicate_;
  Counter& quarantined_;
  Counter& unprovable_;
  Counter& unsubscribed_;
  Counter& dropped_;
  Counter& unnumbered_;
  Counter& seals_ahead_;
  Counter& commits_;
  Counter& conflicts_;
  Counter& doubts_;

  // Owned by the loop's thread.
  Aggregator aggregator_;
  Aggregated aggregated_;
  std::shared_ptr<const Meters> meters_;  // null until a catalogue was read
  AnchorPace anchors_;
};

}  // namespace weir
