// What a rebuild asks of the ledger that it fills, beside what consumers and operators ask of theirs
// (R17): the beginning, each close of the chain, each split of then, where a decision's rows are now,
// and the end. PostgresRebuiltLedger is the real one; the simulation has one of its own.
//
// Every call is a transaction of its own. Calls that find rows give the ids of open ones only, of the
// present incarnation, ascending. Errors: `unavailable` and the database's. Threads: one.
#pragma once

#include "quota/operator/operator_store.h"
#include "quota/rebuild/close_vectors.h"
#include "quota/rebuild/decisions.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct PastSplit {
  PastDecision decision;
  PartitionId partition;
  Offset offset;
  std::int64_t row = -1;
  struct Child {
    std::int64_t id = 0;
    std::int64_t partition = 0;
    std::string event;
  };
  std::vector<Child> children;
  /// The row was discarded while some of the children were on their way: they are dropped when they
  /// come, however early a rebuild reads them (R7).
  std::optional<PastDecision> discard;
  std::set<std::int64_t> discarded;  // their ids
  bool lost = false;  // the log does not reach back to the row: it is made anew, without its record
};

/// The ledger as a close of the chain has just left it.
struct RebuiltCut {
  std::vector<CutCounts> partitions;  // by partition; n is `next`
  std::vector<LateSum> late;          // what it assigned, of the sums that its certificate bears
};

/// Of numbers from `from` to `to`, inclusive.
struct PastHole {
  std::string_view producer;
  std::int64_t epoch = 0, partition = 0, from = 0, to = 0;
};

class RebuiltLedger {
 public:
  virtual ~RebuiltLedger() = default;

  /// Raises the flag under which a rebuild works. `config` unless nothing was ever applied.
  virtual Status begin(Deadline deadline) = 0;
  /// closed_until = T, and the adjustments of the sums that the close billed late are its own.
  /// `config`: T lies on no bucket edge, or not behind what is closed.
  virtual Result<RebuiltCut> close(const CloseVector& close, Deadline deadline) = 0;
  /// The children have their ids of then. With the discard, if there was one: the row is resolved by
  /// it at once. `integrity`: the row is not there, and not lost.
  virtual Status split(const PastSplit& split, Deadline deadline) = 0;
  /// Into the audit, as it was.
  virtual Status record(const PastDecision& decision, Deadline deadline) = 0;
  /// One open flag a difference, and the flag of begin() goes.
  virtual Status end(const std::vector<std::string>& differences, Deadline deadline) = 0;

  using Ids = Result<std::vector<std::int64_t>>;
  virtual Ids find_quarantine(std::int64_t partition, std::int64_t offset, std::int64_t row,
                              Deadline deadline) = 0;
  /// `identity`: hex.
  virtual Ids find_unprovable(std::string_view identity, Deadline deadline) = 0;
  /// Those that lie within: what was one row may be several now.
  virtual Ids find_holes(const PastHole& hole, Deadline deadline) = 0;
  virtual Ids find_gaps(std::int64_t partition, std::int64_t from, std::int64_t to,
                        Deadline deadline) = 0;
  /// Not of kind "lineage".
  virtual Ids find_flags(std::string_view kind, std::string_view what, Deadline deadline) = 0;
  /// Where what was found is decided again.
  virtual OperatorStore& operators() = 0;
};

}  // namespace weir
