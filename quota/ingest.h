// The ingest transaction (R3), over a Store: the one place where usage is written.
//
// The order is the rule: step 1 fences every partition of the batch, and only then is
// `closed_until` read. Read earlier, a close could commit in between, and the event would land in a
// frozen bucket: never billed.
//
// Locks are taken in one order by all: progress rows by partition, redrives' parents by id, usage by
// its key, producers by id.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/stream/handler.h"
#include "quota/aggregate.h"
#include "quota/store.h"

#include <map>
#include <vector>

namespace weir {

enum class Ingested {
  done,
  conflict,         // step 1 missed: somebody else moved `next`
  other_catalog,    // aggregated under another version than the one in force: aggregate again
  redrive_decided,  // nothing was written: drop Findings::to_drop (drop_rows), aggregate again
};

/// What the transaction found out beside its outcome.
struct Findings {
  std::vector<std::uint32_t> to_drop;   // rows whose redriven child is not open any more (R7)
  std::vector<DroppedRedrive> dropped;  // whose verdict is to be recorded by address
  std::int64_t seals_ahead = 0;         // that vouch for the future, and do not count (R13)
  std::string seal_ahead_of;            // the producer of one of them
};

/// R1: about one anchor a minute of append time is kept for an adoption. Goes by what this process
/// kept itself; another one's do no harm.
class AnchorPace {
 public:
  bool due(const Range& range) const;
  void kept(const Range& range);  // if it was due

 private:
  std::map<PartitionId, AppendTime> newest_;
};

/// Writes `batch`, aggregated into `aggregated`, in one transaction. Errors: `in_doubt` (the
/// commit's reply was lost: resolve_in_doubt), `unavailable` (nothing was written, the same batch
/// again; also when no catalogue was ever applied), `integrity`, `config`.
Result<Ingested> ingest(Store& store, const CommitBatch& batch, const Aggregated& aggregated,
                        const SealRules& rules, const AnchorPace& anchors, Findings& findings,
                        Deadline deadline);

/// The batch with these rows dropped: their verdict, and the counts of their ranges. The first copy of
/// each behind it in the batch, so far its duplicate, takes its place; other copies of the same redrive
/// are dropped with it.
CommitBatch drop_rows(const CommitBatch& batch, std::span<const std::uint32_t> rows);
bool has_dropped(const CommitBatch& batch);

/// R3 step 6: reads `next` of each range. All at b: done. All at a: `unavailable` (nothing was
/// written: the same batch again). Anything else: conflict.
Result<Ingested> resolve_in_doubt(Store& store, const CommitBatch& batch, Deadline deadline);

/// No catalogue, no meters: consumption waits until one is applied.
Error no_catalog();

}  // namespace weir
