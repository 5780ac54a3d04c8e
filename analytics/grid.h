// The answer of a query as a grid: buckets of time × ranked groups, zero where nothing happened.
//
// rank() finds the groups and their order, count() fills the cells, table() lays them out: by time,
// then by rank, the rest of the groups (`other`) last. Threads: one.
#pragma once

#include "analytics/query_sql.h"
#include "analytics/table.h"

#include <vector>

namespace weir {

/// One cell; as it is made, the zero that is filled in where nothing happened.
struct Counted {
  Int128 sums[kSums] = {};
  std::vector<Cell> percentiles;  // by metric of the spec that is one, in order
};

class Grid {
 public:
  Grid(const QuerySpec& spec, const Buckets& buckets);

  Status rank(DuckConnection& connection, const std::string& tenant, const Relations& from,
              Deadline deadline);
  /// Error `invalid` when the grid would be too large.
  Status count(DuckConnection& connection, const std::string& tenant, const Relations& from,
               Deadline deadline);
  std::int64_t groups_total() const { return groups_total_; }
  Table table() const;

 private:
  bool is_grouped() const { return !spec_.group_by.empty(); }
  std::size_t ranks() const { return groups_.size() + (rest_ ? 1 : 0); }
  std::vector<Cell> row(std::size_t bucket, std::size_t rank) const;

  const QuerySpec& spec_;
  const Buckets& buckets_;
  std::vector<GroupKey> groups_;  // by rank
  bool rest_ = false;             // a rank behind them for all others
  std::int64_t groups_total_ = 0;
  std::vector<Counted> cells_;  // bucket by bucket, rank by rank
};

}  // namespace weir
