// Adopting a stream that is not the one that was read (R1): incarnation + 1.
//
//   plan_adoption()   reads database and log, and says for each partition where to go on, or why not
//   confirm_lineage() when all is unbroken and the cluster is the one of before (a setting was wrong, or
//                     the old log is back): the lineage flags are cleared, and nothing else changes
//   adopt_lineage()   does what a plan says, in one transaction that fences every consumer of the old
//                     incarnation, leaves a gap row a partition and clears the lineage flags
//
// For each partition:
//
//   the newest anchor holds, the log reaches `next`    goes on at `next`
//   an older kept anchor holds: truncated              the record after the newest one that holds;
//                                                      refused when that lies before what the identity
//                                                      index covers
//   none holds, and the log's first record is younger
//   than all that was applied: made anew               the log's start
//   none holds, but the log has older records          refused: they would be applied twice
//
// Errors: `unavailable`; `conflict` when adoption is refused, with what to do instead.
#pragma once

#include "ingest/stream/source.h"
#include "quota/operator/operator_store.h"
#include "quota/operator/resolve.h"

#include <optional>
#include <string>
#include <vector>

namespace weir {

/// The log from outside any consumer group.
class LogLook {
 public:
  virtual ~LogLook() = default;
  virtual Result<std::string> cluster_id(Deadline deadline) = 0;
  virtual Result<std::int32_t> partition_count(Deadline deadline) = 0;
  virtual Result<LogBounds> bounds(PartitionId partition, Deadline deadline) = 0;
  /// nullopt when no record stands at exactly `offset`.
  virtual Result<std::optional<Anchor>> anchor_at(PartitionId partition, Offset offset,
                                                  Deadline deadline) = 0;
};

struct PartitionPlan {
  PartitionId partition;
  std::string what;  // "unbroken", "truncated", "made anew"
  ProgressRow former;
  IncarnationStart start;
  std::string lost;  // of the gap row
};
struct AdoptionPlan {
  NewIncarnation begins;  // `starts` as in `partitions`
  std::vector<PartitionPlan> partitions;
  std::vector<FlagRow> breaks;  // open now
};

Result<AdoptionPlan> plan_adoption(const LineageFacts& facts, LogLook& log, Deadline deadline);
/// The cluster is the one of before, and every partition's newest anchor stands where it stood.
bool is_the_same(const LineageFacts& facts, const AdoptionPlan& plan);
/// `conflict` unless is_the_same().
Result<Resolution> confirm_lineage(OperatorStore& store, const Decision& decision,
                                   const LineageFacts& facts, const AdoptionPlan& plan,
                                   Deadline deadline);
/// `conflict` when a consumer moved, or somebody adopted, since the plan was made.
Result<Resolution> adopt_lineage(OperatorStore& store, const Decision& decision,
                                 const AdoptionPlan& plan, Deadline deadline);

}  // namespace weir
