// What an operator may decide about what blocks a close, one transaction each (R7, R8, R14).
//
// Every call refuses a decision without a name or a reason (`invalid`), an id that does not exist
// (`not_found`), and what was decided already, with who did it (`conflict`); then nothing is written.
// `in_doubt`: the reply to the commit was lost; the same call again says which it was. Each writes one
// audit row, in the transaction that it tells of. `unavailable`: nothing was written.
#pragma once

#include "quota/operator/operator_store.h"

#include <span>
#include <string>
#include <vector>

namespace weir {

struct Resolution {
  std::int64_t audit_id = 0;
  std::string worth;
  std::vector<std::string> lines;  // for people: what was done
};

/// Error `invalid` unless both are there and not blank.
Status check_decision(const Decision& decision);

/// They never count. Children on their way are discarded with them.
Result<Resolution> discard_quarantine(OperatorStore& store, const Decision& decision,
                                      std::span<const std::int64_t> ids, Deadline deadline);

struct Split {
  Resolution resolution;            // audit_id 0: it had been split before
  std::vector<RedriveRow> to_send;  // the children that are open
};
/// R7: one child a mended event. A row that was split before is left as it is, and `children` must
/// then be empty (`conflict` else).
Result<Split> split_redrive(OperatorStore& store, const Decision& decision, std::int64_t id,
                            std::span<const NewRedrive> children, Deadline deadline);

/// With each gap the holes inside it. A producer's numbers of one epoch rise along a partition, so a gap
/// can only have swallowed those that the producer's first record behind it showed to be missing: what
/// is still open of them is accepted. Once a record of it stands between the gap and the one that
/// showed a hole, the loss is another one, and stays (holes accept).
Result<Resolution> accept_gaps(OperatorStore& store, const Decision& decision,
                               std::span<const std::int64_t> ids, Deadline deadline);
Result<Resolution> accept_holes(OperatorStore& store, const Decision& decision,
                                std::span<const std::int64_t> ids, Deadline deadline);
/// Not of kind "lineage": `conflict`, adopt_lineage() clears those.
Result<Resolution> clear_flags(OperatorStore& store, const Decision& decision,
                               std::span<const std::int64_t> ids, Deadline deadline);
/// Each counts once, as an adjustment (R6).
Result<Resolution> accept_unprovable(OperatorStore& store, const Decision& decision,
                                     std::span<const std::int64_t> ids, Deadline deadline);
Result<Resolution> discard_unprovable(OperatorStore& store, const Decision& decision,
                                      std::span<const std::int64_t> ids, Deadline deadline);
/// R14: an END at the numbers that are contiguous now. Whatever comes above them raises a flag and
/// registers the producer again.
Result<Resolution> retire_producer(OperatorStore& store, const Decision& decision,
                                   const std::string& producer, Deadline deadline);

}  // namespace weir
