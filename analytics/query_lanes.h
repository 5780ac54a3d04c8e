// Two lanes for queries: what is cheap, and what is heavy and can wait.
//
// Each lane is a DuckDB instance of its own, with its own share of memory and of the disk for spilling;
// and every thread that works for the heavy one runs at a lower priority (nice, 10 more). So the question of
// a dashboard has the processor when it comes, whatever somebody reads over all single requests
// meanwhile; on a machine with nothing else to do the heavy lane is as fast as the other.
//
//   lanes.work(weight_of(cost), [&](DuckConnection& connection) { return ask(connection); });
//
// Weight is in rows of segments: a row costs what it costs however well it is compressed. Rows of
// rollups, which every tenant's keys make more of, count a fortieth.
//
// Errors: those of DuckDb. Threads: any.
#pragma once

#include "storage/duckdb/duck.h"

#include <cstdint>
#include <functional>

namespace weir {

class QueryLanes {
 public:
  /// `whole` is shared out between both; what weighs more than `heavy_rows` is heavy, 0: nothing is.
  static Result<QueryLanes> open(const DuckOptions& whole, std::int64_t heavy_rows);

  using Work = std::function<Status(DuckConnection&)>;
  Status work(std::int64_t rows, const Work& work);

 private:
  QueryLanes(DuckDb light, DuckDb heavy, std::int64_t heavy_rows)
      : light_(std::move(light)), heavy_(std::move(heavy)), heavy_rows_(heavy_rows) {}

  DuckDb light_;
  DuckDb heavy_;
  std::int64_t heavy_rows_;
};

}  // namespace weir
