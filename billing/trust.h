// What is taken on somebody's word: the producers', the configuration's, an operator's.
//
// Each assumption that cannot be proven is named, on the terminal and on the certificate. A producer
// whose word is missing or not kept holds the close (R13). What the broker's live configuration breaks
// is an assumption in development and a reason that holds in production; a compacted topic, which
// loses records by design, holds everywhere. An override (override.h) takes such a reason away.
#pragma once

#include "billing/standing.h"

#include <string>
#include <vector>

namespace weir {

struct Trust {
  std::vector<Reason> reasons;  // those that hold
  std::vector<Override> used;   // each took at least one reason away
};
Trust judge_trust(const Standing& standing, std::int64_t t_us);

/// The assumptions that the live configuration breaks, in either profile. None when the broker is away.
std::vector<Reason> broken_assumptions(const Standing& standing);

struct Assumption {
  /// Stable: "one_disk", "no_producer", "unnumbered", "partitioner_any", "horizon_shortened",
  /// "restamp_window_shortened", or that of a broken assumption.
  std::string code;
  std::string text;
};
std::vector<Assumption> assumptions(const Standing& standing);

/// R6: something that this close counts, or the next record, was asked of an index that held less than
/// the re-stamp window before it: a copy with another time may have counted as well.
bool restamp_shortened(const QuotaPartition& row, const Standing& standing);

/// Events of the present incarnation that bear no producer's number.
std::int64_t unnumbered_events(const Standing& standing);
/// READY*: every event came from a producer that numbers and is registered.
bool fully_numbered(const Standing& standing);
/// "1,204".
std::string grouped(std::int64_t number);

}  // namespace weir
