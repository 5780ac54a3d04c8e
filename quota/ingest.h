// The ingest transaction (R3), over a Store: the one place where usage is written.
//
// The order is the rule: step 1 fences every partition of the batch, and only then is
// `closed_until` read. Read earlier, a close could commit in between, and the event would land in a
// frozen bucket: never billed.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "ingest/stream/handler.h"
#include "quota/aggregate.h"
#include "quota/store.h"

namespace weir {

enum class Ingested {
  done,
  conflict,       // step 1 missed: somebody else moved `next`
  other_catalog,  // aggregated under another version than the one in force: aggregate again
};

/// Writes `batch`, aggregated into `aggregated`, in one transaction. Errors: `in_doubt` (the
/// commit's reply was lost: resolve_in_doubt), `unavailable` (nothing was written, the same batch
/// again; also when no catalogue was ever applied), `integrity`, `config`.
Result<Ingested> ingest(Store& store, const CommitBatch& batch, const Aggregated& aggregated,
                        Deadline deadline);

/// R3 step 6: reads `next` of each range. All at b: done. All at a: `unavailable` (nothing was
/// written: the same batch again). Anything else: conflict.
Result<Ingested> resolve_in_doubt(Store& store, const CommitBatch& batch, Deadline deadline);

/// No catalogue, no meters: consumption waits until one is applied.
Error no_catalog();

}  // namespace weir
