// The parts of the ingest transaction that are about producers: redriven events (R7), seals and
// numbers (R13, R14). Each is called once a batch, by ingest() and in its order; errors are the
// transaction's.
#pragma once

#include "quota/ingest.h"

namespace weir {

/// Decides the children of the batch's redriven events. False: rows would count whose child is not
/// open any more; they stand in `findings`, and the transaction must be given up. Which rows are
/// dropped already stands there too.
Result<bool> decide_redrives(IngestTransaction& tx, const CommitBatch& batch, Findings& findings);

/// Registers producers, keeps their seals, ends them; an END that was overtaken is a flag.
/// The batch's seals come back with all that is final of their producers: a seal repeats it no more
/// once it is told, and speaks of it all the same.
Result<std::vector<SealRecord>> take_seals(IngestTransaction& tx, const CommitBatch& batch,
                                           const SealRules& rules, std::int64_t closed_until_us,
                                           Findings& findings);

/// Opens and closes holes, also of what a seal names and did not come before it. A number above its producer's END is a flag, and registers it again.
Status take_numbers(IngestTransaction& tx, const CommitBatch& batch,
                    std::span<const SealRecord> seals);

}  // namespace weir
