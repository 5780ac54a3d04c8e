// Aggregation: rows and verdicts of a commit batch, and the meters → sorted usage deltas. Pure.
//
// Works on dictionary codes: filters become codes once a batch, rows are grouped by (tenant code,
// subscription code, meter, bucket) in a flat hash table that is kept from batch to batch; nothing
// allocates per event. A row counts when its verdict is `fresh` and it bears a subscription; which
// version of a meter counts it is chosen by its event time. Sums that leave 64 bits are held at the
// greatest value and named in `overflowed`. Threads: one.
//
//   ("acme", "sub-1", requests, 12:00) 3 rows, ("acme", "sub-1", tokens, 12:00) 3 rows of 40
//     → two deltas: 3 and 120
#pragma once

#include "base/time.h"
#include "ingest/stream/handler.h"
#include "quota/meters.h"
#include "quota/usage_deltas.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir {

struct Aggregated {
  std::int64_t catalog_version = 0;
  UsageDeltas deltas;  // views into the batch and the meters
  std::vector<Unprovable> unprovable;
  std::vector<std::int64_t> unsubscribed;  // applied rows without a subscription, by range
  std::vector<std::string> overflowed;     // "acme/sub-1/requests at 2026-…"
  void clear();
};

/// Start of the bucket that holds `time`.
std::int64_t bucket_start(EventTime time, Micros bucket);

class Aggregator {
 public:
  explicit Aggregator(Micros bucket);
  ~Aggregator();
  /// Replaces `into`, which lives no longer than `batch` and `meters`.
  void aggregate(const CommitBatch& batch, const Meters& meters, Aggregated& into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How many applied rows of each range lie before `closed_until_us`: they became adjustments.
std::vector<std::int64_t> count_adjusted(const CommitBatch& batch, std::int64_t closed_until_us);

}  // namespace weir
