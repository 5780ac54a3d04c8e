// Append times of the records that the open generation has read, by offset.
//
// A generation states the least and greatest append time of exactly its records, but only those
// below the committed `next` may go into one. So what is not yet committed is kept as runs of
// records with the same append time, and folded into one span once it is.
#pragma once

#include "base/time.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

struct AppendSpan {
  AppendTime min, max;
  void add(AppendTime time) {
    min = std::min(min, time);
    max = std::max(max, time);
  }
};

class AppendSpans {
 public:
  /// A record at `offset`; one that was noted before is passed over.
  void note(std::int64_t offset, AppendTime time) {
    if (offset < noted_to_) return;
    noted_to_ = offset + 1;
    if (!runs_.empty() && runs_.back().time == time) {
      runs_.back().last = offset;
    } else {
      runs_.push_back({offset, offset, time});
    }
  }
  /// The span of the records below `offset`, nullopt when there is none.
  std::optional<AppendSpan> fold_below(std::int64_t offset) {
    std::size_t done = 0;
    for (; done < runs_.size() && runs_[done].first < offset; ++done) {
      if (folded_) {
        folded_->add(runs_[done].time);
      } else {
        folded_ = AppendSpan{runs_[done].time, runs_[done].time};
      }
      if (runs_[done].last >= offset) {
        runs_[done].first = offset;
        break;
      }
    }
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(done));
    return folded_;
  }
  /// What was folded has gone into a generation.
  void forget_folded() { folded_.reset(); }
  std::size_t bytes() const { return runs_.capacity() * sizeof(Run); }

 private:
  struct Run {
    std::int64_t first, last;
    AppendTime time;
  };
  std::vector<Run> runs_;
  std::optional<AppendSpan> folded_;
  std::int64_t noted_to_ = INT64_MIN;
};

}  // namespace weir
