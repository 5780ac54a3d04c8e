// Rows that may not count after all (R7), and what becomes of their copies in the same batch.
//
// The index called a copy behind a dropped row its duplicate. Without that row it is none: left so, it
// would never count, for the index that is read anew enters it and calls all later copies duplicates.
//
//   x (redrive, decided)  fresh      →  dropped
//   x (same redrive)      duplicate  →  dropped
//   x (from the client)   duplicate  →  fresh
//   x                     duplicate
#include "quota/ingest.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace weir {
namespace {

/// Drops rows of a batch, and gives their copies behind them in the batch, which the index called
/// duplicates of them, the verdict that is theirs without them: the first copy takes the dropped row's
/// place. Was the dropped one fresh, so is a copy that is no older: it would have asked for no more of
/// the index. For an older one the index was not asked far enough back, and it is kept apart (R6).
/// Copies of the same redrive are dropped too.
class Dropping {
 public:
  explicit Dropping(CommitBatch& batch) : batch_(batch) {
    for (const RedriveRecord& record : batch.redriven) {
      if (record.row) child_of_[*record.row] = record.child;
    }
  }

  void drop(std::uint32_t row) {
    if (const auto child = child_of_.find(row); child != child_of_.end()) {
      decided_.insert(child->second);
    }
    places_[key_of(row)] = {batch_.verdict[row], batch_.rows.time[row]};
    first_ = std::min(first_, row);
    set(row, Verdict::dropped);
  }

  void settle_copies() {
    for (std::uint32_t row = first_; row < batch_.rows.rows() && !places_.empty(); ++row) {
      if (batch_.verdict[row] != Verdict::duplicate) continue;
      const auto place = places_.find(key_of(row));
      if (place == places_.end()) continue;
      const auto child = child_of_.find(row);
      if (child != child_of_.end() && decided_.contains(child->second)) {
        set(row, Verdict::dropped);
        continue;
      }
      const auto [verdict, time] = place->second;
      const bool asked_enough = verdict == Verdict::fresh && batch_.rows.time[row] >= time;
      set(row, asked_enough ? Verdict::fresh : Verdict::unprovable);
      places_.erase(place);
    }
  }

 private:
  using Key = std::pair<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>>;

  Key key_of(std::uint32_t row) const {
    const Identity& identity = batch_.rows.identity[row];
    return {batch_.range_of[row], {identity.high, identity.low}};
  }
  void set(std::uint32_t row, Verdict verdict) {
    RangeCounts& counts = batch_.ranges[batch_.range_of[row]].counts;
    --count_of(counts, batch_.verdict[row]);
    ++count_of(counts, verdict);
    batch_.verdict[row] = verdict;
  }
  static std::int64_t& count_of(RangeCounts& counts, Verdict verdict) {
    switch (verdict) {
      case Verdict::fresh:
        return counts.applied;
      case Verdict::duplicate:
        return counts.duplicate;
      case Verdict::unprovable:
        return counts.unprovable;
      case Verdict::dropped:
        break;
    }
    return counts.dropped;
  }

  CommitBatch& batch_;
  std::map<std::uint32_t, std::int64_t> child_of_;  // by row
  std::set<std::int64_t> decided_;                  // children of the dropped rows
  std::map<Key, std::pair<Verdict, EventTime>> places_;
  std::uint32_t first_ = std::numeric_limits<std::uint32_t>::max();
};

}  // namespace

CommitBatch drop_rows(const CommitBatch& batch, std::span<const std::uint32_t> rows) {
  CommitBatch out = batch;
  Dropping dropping(out);
  for (const std::uint32_t row : rows) dropping.drop(row);
  dropping.settle_copies();
  return out;
}

bool has_dropped(const CommitBatch& batch) {
  return std::ranges::any_of(batch.ranges, [](const Range& r) { return r.counts.dropped > 0; });
}

}  // namespace weir
