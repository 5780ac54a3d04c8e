// Operators' decisions, made again while a ledger is rebuilt (R17).
//
// Splits of quarantined rows (R7) are made before the first mended event of theirs is read, with the
// children's ids of then, since the stream's records bear them; and with a split the discard that met
// its children on their way, so that they are dropped whenever they are read. All else is decided
// between two closes, as it was. Rows are found by what they are; what is not to be found is said in a note and
// left out. A stream that was adopted (R1) cannot be read again from one log: `config`.
// Threads: one.
#pragma once

#include "ingest/stream/record.h"
#include "quota/rebuild/rebuilt_ledger.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace weir {

class Replay {
 public:
  static Result<Replay> of(std::vector<PastDecision> decisions);

  /// The earliest split that is not made yet and whose row stands below `cuts` (by partition).
  std::optional<PastSplit> next_split(const std::vector<Offset>& cuts) const;
  /// Makes that one; its row must be there.
  Status make_split(RebuiltLedger& ledger, const PastSplit& split);
  /// Decides all else that was decided before `close`; nullptr: whatever is left.
  Status decide_before(RebuiltLedger& ledger, const CloseVector* close);

  std::int64_t made() const { return made_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void match_discards();
  Status decide(RebuiltLedger& ledger, const PastDecision& decision);

  std::vector<PastSplit> splits_;
  std::deque<PastDecision> others_;
  std::int64_t made_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace weir
