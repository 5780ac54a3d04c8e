// Pieces that several of quota's statements share.
#pragma once

#include "ingest/stream/record.h"
#include "storage/postgres/connection.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

// The database's clock as microseconds (apply time), one time for all rows of a statement. A macro, so
// that statements stay literals.
#define WEIR_NOW_US "(SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)"

namespace weir {

/// $n of a nullable partition.
inline void put_partition(Params& params, std::optional<PartitionId> partition) {
  if (partition) {
    params.integer(partition->value);
  } else {
    params.null();
  }
}

/// Columns for unnest($1, $2, …): filled row by row, then handed over as arrays.
class Integers {
 public:
  explicit Integers(std::size_t columns) : columns_(columns) {}
  void add(std::initializer_list<std::int64_t> row) {
    WEIR_CHECK(row.size() == columns_.size());
    std::size_t column = 0;
    for (std::int64_t value : row) columns_[column++].push_back(value);
  }
  void put(Params& params) const {
    for (const auto& column : columns_) params.integers(column);
  }

 private:
  std::vector<std::vector<std::int64_t>> columns_;
};

inline constexpr std::string_view kInsertFlag =
    "INSERT INTO quota.integrity_flag (kind, incarnation, partition, what, opened_at_us) "
    "VALUES ($1, $2, $3, $4, " WEIR_NOW_US
    ") ON CONFLICT (kind, incarnation, coalesce(partition, -1), md5(what)) "
    "WHERE cleared_at_us IS NULL DO NOTHING";

}  // namespace weir
