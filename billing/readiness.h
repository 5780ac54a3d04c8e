// READY(T): may we charge for what happened before T? Pure judgement over facts (R9).
//
// T is ready when the database's clock has passed T + G, the barrier for T stands in every partition
// and every partition has applied it, the stream is still the one that was read, nothing is open, and
// both schemas hold one catalogue. What cannot be proven is not ready, with all its reasons. No lag
// threshold, no "recent enough", no timer that gives up and says yes.
#pragma once

#include "base/result.h"
#include "billing/facts.h"
#include "billing/override.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

/// Everything that a judgement rests on, read at about one moment.
struct Standing {
  std::int64_t now_us = 0;  // the database's clock
  QuotaDeployment deployment;
  std::vector<QuotaPartition> progress;  // of the present incarnation
  std::vector<QuotaBlocker> blockers;
  std::vector<WrittenBarrier> barriers;  // of the present incarnation, above closed_until
  std::int64_t unprovable = 0;
  std::optional<CloseHead> last_close;
  std::optional<BillingCatalog> catalog;
  Result<StreamLook> stream = StreamLook{};  // an error when the broker cannot be asked
  QuotaProducers producers;
  std::vector<Override> overrides;
  Profile profile = Profile::development;
  std::int64_t hold_max_us = 0;  // the longest hold that the stream must outlast; 0: not said
};

struct Readiness {
  std::int64_t t_us = 0;
  std::vector<Reason> reasons;  // empty: ready
  bool ready() const { return reasons.empty(); }
};

/// The latest bucket edge at or before now - G.
std::int64_t latest_edge(std::int64_t now_us, const QuotaDeployment& deployment);

/// What stands in the way whatever T is: lineage, broker, catalogue. No barrier is written while there
/// is any.
std::vector<Reason> judge_lineage(const Standing& standing);
/// Open gaps, quarantine, holes and flags.
std::vector<Reason> judge_open(const Standing& standing);
/// All of it, for T.
Readiness judge(const Standing& standing, std::int64_t t_us);

/// The barriers of one T, by partition.
std::vector<WrittenBarrier> barriers_of(const Standing& standing, std::int64_t t_us);
/// The greatest recorded T > closed_until whose barrier is passed everywhere.
std::optional<std::int64_t> greatest_passed(const Standing& standing);

/// R9: the append time of a barrier must be at or after T + G and within the skew of [d0, d1].
std::optional<Reason> judge_barrier_times(const WrittenBarrier& barrier,
                                          const QuotaDeployment& deployment);

/// What the certificate must say that it assumes ("partitioner any: ...").
std::vector<std::string> assumptions(const Standing& standing);

}  // namespace weir
