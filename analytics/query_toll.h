// What a query costs, and what a tenant may spend.
//
// The cost is known before anything is read: the bytes of the files that the catalogue names for the
// question, and 64 KiB for opening each. Files hold rows of all tenants, so that is what the disk and
// DuckDB are asked to do, whoever asks. Two bounds, each 0 for none:
//
//   bytes_max         of one query; beyond it 422, and the answer says what to narrow
//   bytes_per_minute  of a tenant, as a token bucket that holds a minute's worth; 429 with Retry-After.
//                     A query larger than that waits for a full bucket and empties it. What rollups
//                     answer is not taken from it: their size is capped, and would else let one
//                     tenant's keys use up another's budget.
//
// Nothing is given back: a query that fails has read all the same. Threads: any.
#pragma once

#include "base/http/message.h"
#include "base/metrics.h"
#include "base/time.h"
#include "base/token_bucket.h"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct DataFile;

struct QueryCost {
  std::string source{};    // "rollup" or "segments"
  std::string obstacle{};  // why rollups could not answer; empty: they could, or cannot ever
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t rows = 0;
  std::int64_t span_us = 0;  // of the range that was asked for

  void add(const std::vector<DataFile>& more);
};

/// In rows of segments; a rollup's count a fortieth.
std::int64_t weight_of(const QueryCost& cost);

/// Asked when the cost is known and before anything is read; an error ends the query with it.
using CostCheck = std::function<Status(const QueryCost&)>;

struct TollOptions {
  std::int64_t bytes_max = 0;
  std::int64_t bytes_per_minute = 0;
};

class QueryToll {
 public:
  QueryToll(TollOptions options, Clock& clock, Metrics& metrics);
  /// Takes the cost from the tenant's budget, or says why not.
  std::optional<HttpResponse> pay(const std::string& tenant, const QueryCost& cost);

 private:
  std::optional<std::int64_t> wait_us(const std::string& tenant, std::int64_t bytes);

  const TollOptions options_;
  Clock& clock_;
  Counter& bytes_;
  Counter& too_large_;
  Counter& over_budget_;
  std::mutex mutex_;
  std::map<std::string, TokenBucket>
      budgets_;  // of tenants, which the keys bound; guarded by mutex_
};

}  // namespace weir
