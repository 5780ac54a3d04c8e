// READY(T): may we charge for what happened before T? Pure judgement over facts (R9, R11).
//
// T is ready when the database's clock has passed T + G, the barrier for T stands in every partition
// and every partition has applied it, the stream is still the one that was read, nothing is open, both
// schemas hold one catalogue, every registered producer has given its word for T and kept it (R13,
// seals.h), and the configuration holds what the profile asks of it (trust.h). What cannot be proven is
// not ready, with all its reasons. No lag threshold, no "recent enough", no timer that gives up and
// says yes.
#pragma once

#include "billing/standing.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

struct Readiness {
  std::int64_t t_us = 0;
  std::vector<Reason> reasons;  // empty: ready
  bool ready() const { return reasons.empty(); }
};

/// The one to act on first: what a person must mend before what the next seal, the consumer or time
/// may. Never of an empty list.
const Reason& most_urgent(const std::vector<Reason>& reasons);
std::vector<Reason> by_urgency(std::vector<Reason> reasons);

/// The latest bucket edge at or before now - G.
std::int64_t latest_edge(std::int64_t now_us, const QuotaDeployment& deployment);

/// What stands in the way whatever T is: replica, lineage, broker, catalogue, a declared move. No
/// barrier is written while there is any.
std::vector<Reason> judge_lineage(const Standing& standing);
/// Open gaps, quarantine and flags.
std::vector<Reason> judge_open(const Standing& standing);
/// All of it, for T.
Readiness judge(const Standing& standing, std::int64_t t_us);

/// The barriers of one T, by partition.
std::vector<WrittenBarrier> barriers_of(const Standing& standing, std::int64_t t_us);
/// The greatest recorded T > closed_until whose barrier is passed everywhere, and up to which every
/// producer's word is in.
std::optional<std::int64_t> greatest_passed(const Standing& standing);

/// R9: the append time of a barrier must be at or after T + G and within the skew of [d0, d1].
std::optional<Reason> judge_barrier_times(const WrittenBarrier& barrier,
                                          const QuotaDeployment& deployment);

}  // namespace weir
